"""Fixtures for webmails without an adaptor: a site that shows mails, and the extension with its reader."""

from __future__ import annotations

from tests.support.browser.web_site import site
from tests.support.extension.page_viewer import extension, letters, tab
from tests.support.extension.shown_mail import letter
from tests.support.extension.taught import untaught
from tests.support.extension.webmail_letters import adaptor, tls_files

__all__ = ["adaptor", "extension", "letter", "letters", "site", "tab", "tls_files", "untaught"]
