"""Fixtures for webmails: two mailboxes, and the extension's scripts in the pages."""

from __future__ import annotations

from tests.support.extension.roundcube_pages import pages, webmail
from tests.support.extension.saved_webmails import service
from tests.support.extension.webmail_letters import adaptor, mail, tls_files

__all__ = ["adaptor", "mail", "pages", "service", "tls_files", "webmail"]
