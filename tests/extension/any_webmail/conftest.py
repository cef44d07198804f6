"""Fixtures for webmails without an adaptor: a site that shows mails, and the extension with its reader."""

from __future__ import annotations

from tests.support.browser.web_site import site as site
from tests.support.extension.letter_to_bob import writer as writer
from tests.support.extension.page_viewer import extension as extension, letters as letters, tab as tab
from tests.support.extension.shown_mail import letter as letter
from tests.support.extension.taught import untaught as untaught
from tests.support.extension.unknown_webmails import (
    ciderwebmail_webmail as ciderwebmail_webmail,
    horde_webmail as horde_webmail,
    mail_host as mail_host,
    sqwebmail_webmail as sqwebmail_webmail,
)
from tests.support.extension.webmail_letters import adaptor as adaptor, tls_files as tls_files
