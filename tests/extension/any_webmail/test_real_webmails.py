"""Real webmails that the extension does not know: the toolbar opens a signed and an encrypted mail in each."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser.bidi import PATIENCE_SECONDS, BidiError
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import agree_if_asked
from tests.support.extension.mail_letters import Letters, mail, text
from tests.support.servers import ciderwebmail, dovecot, horde, sqwebmail
from tests.support.servers.ciderwebmail import CiderWebmail, run_ciderwebmail
from tests.support.servers.horde import Horde, View, run_horde
from tests.support.servers.mail_host import MailHost, run_mail_host
from tests.support.servers.sqwebmail import SqWebMail, run_sqwebmail

pytestmark = [pytest.mark.browser, pytest.mark.in_turn, pytest.mark.server, pytest.mark.thorough]

ALICE = "alice@example.test"
PASSWORD = "the harbour"
WORDS = "The harbour at noon."
PROTECTIONS = ["signed", "signed_and_encrypted"]
INBOX = "SU5CT1g"
HAS = "(selector) => document.querySelector(selector) !== null"


@pytest.fixture(scope="module")
def mail_host(tls_files: Path) -> Iterator[MailHost]:
    if dovecot.BINARY is None:
        pytest.skip("dovecot is not installed")
    with run_mail_host({ALICE: PASSWORD}, tls_folder=tls_files) as host:
        yield host


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


@pytest.fixture(scope="module")
def horde_webmail(mail_host: MailHost) -> Iterator[Horde]:
    if absence := horde.absence():
        pytest.skip(absence)
    with run_horde(mail_host) as running:
        yield running


@pytest.mark.parametrize("letter", PROTECTIONS, indirect=True)
def test_horde(extension: Extension, tab: Page, horde_webmail: Horde, letter: int) -> None:
    tab.browser.expect_error("Unexpected end of JSON input|404|tagName|CKEDITOR|Image corrupt")
    tab.goto(f"{horde_webmail.url}login.php")
    if tab.js("() => document.querySelector('#horde_user') !== null"):
        tab.js("(view) => { document.querySelector('#horde_select_view').value = view; }", View.BASIC)
        tab.fill("#horde_user", ALICE)
        tab.fill("#horde_pass", PASSWORD)
        tab.click("#login-button")
        tab.wait_for("() => document.querySelector('#horde_user') === null")
    tab.goto(f"{horde_webmail.url}imp/basic.php?page=mailbox&mailbox={INBOX}")
    tab.click("a[href*='page=message']")
    tab.wait_for_selector("#messageBody")
    assert WORDS in opened(extension, tab)


@pytest.fixture(scope="module")
def sqwebmail_webmail(mail_host: MailHost) -> Iterator[SqWebMail]:
    if absence := sqwebmail.absence():
        pytest.skip(absence)
    with run_sqwebmail(mail_host) as running:
        yield running


@pytest.mark.parametrize("letter", PROTECTIONS, indirect=True)
def test_sqwebmail(extension: Extension, tab: Page, sqwebmail_webmail: SqWebMail, letter: int) -> None:
    tab.goto(sqwebmail_webmail.url)
    first = frame_with(tab, "[name=password]")
    first.fill("[name=username]", ALICE)
    first.fill("[name=password]", PASSWORD)
    first.click("[name='do.login']")
    frame_with(tab, "a[href*='form=folder&folder=INBOX']").click("a[href*='form=folder&folder=INBOX']")
    frame_with(tab, "a[href*='form=readmsg']").click("a[href*='form=readmsg']")
    frame_with(tab, "a[href*='form=delmsg']")
    assert WORDS in opened(extension, tab)


def frame_with(tab: Page, selector: str) -> Page:
    """Wait for the frame that has such an element, and return it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for one in [tab, *tab.frames()]:
            # A frame can go while its program loads others.
            with contextlib.suppress(BidiError):
                if one.js(HAS, selector):
                    return one
        time.sleep(0.1)
    raise AssertionError(f"no frame has {selector}")


@pytest.fixture(scope="module")
def ciderwebmail_webmail(mail_host: MailHost) -> Iterator[CiderWebmail]:
    if absence := ciderwebmail.absence():
        pytest.skip(absence)
    with run_ciderwebmail(mail_host) as running:
        yield running


@pytest.mark.parametrize("letter", PROTECTIONS, indirect=True)
def test_ciderwebmail(extension: Extension, tab: Page, ciderwebmail_webmail: CiderWebmail, letter: int) -> None:
    tab.goto(ciderwebmail_webmail.url)
    if tab.js(HAS, "[name=password]"):
        tab.fill("[name=username]", ALICE)
        tab.fill("[name=password]", PASSWORD)
        tab.js("() => { document.querySelector('[name=password]').form.requestSubmit(); }")
        tab.wait_for("() => document.querySelector('[name=password]') === null")
    tab.goto(f"{ciderwebmail_webmail.url}mailbox/INBOX/{letter}")
    tab.wait_for_selector("a[href*='view_source']")
    assert WORDS in opened(extension, tab)
