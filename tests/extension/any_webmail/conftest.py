"""Fixtures for webmails without an adaptor: a site that shows mails, and the extension with its reader."""

from __future__ import annotations

from tests.support.browser.web_site import site
from tests.support.extension.letter_to_bob import writer
from tests.support.extension.page_viewer import extension, letters, tab
from tests.support.extension.shown_mail import letter
from tests.support.extension.taught import untaught
from tests.support.extension.unknown_webmails import ciderwebmail_webmail, horde_webmail, mail_host, sqwebmail_webmail
from tests.support.extension.webmail_letters import adaptor, tls_files

__all__ = [
    "adaptor", "ciderwebmail_webmail", "extension", "horde_webmail", "letter", "letters", "mail_host", "site",
    "sqwebmail_webmail", "tab", "tls_files", "untaught", "writer",
]  # fmt: skip
