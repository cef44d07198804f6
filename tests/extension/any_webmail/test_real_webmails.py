"""Real webmails that the extension does not know: the toolbar opens a signed and an encrypted mail in each."""

from __future__ import annotations

import pytest

from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import agree_if_asked
from tests.support.extension.mail_letters import Letters, mail, text
from tests.support.extension.unknown_webmails import (
    frame_with,
    sign_in_to_ciderwebmail,
    sign_in_to_horde,
    sign_in_to_sqwebmail,
)
from tests.support.servers.ciderwebmail import CiderWebmail
from tests.support.servers.horde import Horde
from tests.support.servers.mail_host import MailHost
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.sqwebmail import SqWebMail

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

WORDS = "The harbour at noon."
PROTECTIONS = ["signed", "signed_and_encrypted"]
INBOX = "SU5CT1g"


@pytest.fixture
def letter(request: pytest.FixtureRequest, mail_host: MailHost, letters: Letters) -> int:
    """The number of the only mail in Alice's mailbox."""
    mail_host.empty(ALICE)
    return mail_host.append(ALICE, getattr(letters, request.param)(mail(text(WORDS))))


def opened(extension: Extension, tab: Page) -> str:
    """Press the toolbar button, and return the text of the mail that opens."""
    extension.browser.click_toolbar_button(extension.id, tab)
    view = agree_if_asked(extension, tab)
    return view.around.wait_for_frame("mail_view.html").wait_for_text(WORDS, timeout_seconds=30)


@pytest.mark.parametrize("letter", PROTECTIONS, indirect=True)
def test_horde(extension: Extension, tab: Page, horde_webmail: Horde, letter: int) -> None:
    sign_in_to_horde(tab, horde_webmail)
    tab.goto(f"{horde_webmail.url}imp/basic.php?page=mailbox&mailbox={INBOX}")
    tab.click("a[href*='page=message']")
    tab.wait_for_selector("#messageBody")
    assert WORDS in opened(extension, tab)


@pytest.mark.parametrize("letter", PROTECTIONS, indirect=True)
def test_sqwebmail(extension: Extension, tab: Page, sqwebmail_webmail: SqWebMail, letter: int) -> None:
    sign_in_to_sqwebmail(tab, sqwebmail_webmail)
    frame_with(tab, "a[href*='form=folder&folder=INBOX']").click("a[href*='form=folder&folder=INBOX']")
    frame_with(tab, "a[href*='form=readmsg']").click("a[href*='form=readmsg']")
    frame_with(tab, "a[href*='form=delmsg']")
    assert WORDS in opened(extension, tab)


@pytest.mark.parametrize("letter", PROTECTIONS, indirect=True)
def test_ciderwebmail(extension: Extension, tab: Page, ciderwebmail_webmail: CiderWebmail, letter: int) -> None:
    sign_in_to_ciderwebmail(tab, ciderwebmail_webmail)
    tab.goto(f"{ciderwebmail_webmail.url}mailbox/INBOX/{letter}")
    tab.wait_for_selector("a[href*='view_source']")
    assert WORDS in opened(extension, tab)
