"""Fixtures for webmails: two mailboxes, and the extension's scripts in the pages."""

from __future__ import annotations

from tests.support.extension.roundcube_pages import pages as pages, webmail as webmail
from tests.support.extension.saved_webmails import service as service
from tests.support.extension.webmail_letters import adaptor as adaptor, mail as mail, tls_files as tls_files
