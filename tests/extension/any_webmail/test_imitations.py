"""Webmails that the extension has never met: a signed and an encrypted mail are opened by at most two clicks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.field_pages import agree_if_asked
from tests.support.extension.imitated_webmails import sign_in_to_framed, sign_in_to_menus
from tests.support.extension.mail_letters import Letters, mail, text
from tests.support.extension.webmail import Adaptor
from tests.support.servers.mailboxes import ALICE, PASSWORDS
from tests.support.webmails.framed import run_framed_webmail
from tests.support.webmails.menus import run_menus_webmail
from tests.support.webmails.serving import Webmail

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

WORDS = "The harbour at noon."


@pytest.fixture
def framed() -> Iterator[Webmail]:
    with run_framed_webmail(PASSWORDS) as webmail:
        yield webmail


@pytest.fixture
def menus() -> Iterator[Webmail]:
    with run_menus_webmail(PASSWORDS) as webmail:
        yield webmail


def opened(extension: Extension, tab: Page) -> str:
    """Press the toolbar button, and return the text of the mail that opens."""
    extension.browser.click_toolbar_button(extension.id, tab)
    view = agree_if_asked(extension, tab)
    return view.around.wait_for_frame("mail_view.html").wait_for_text(WORDS, timeout_seconds=30)


def show_framed(webmail: Webmail, tab: Page, letter: bytes) -> None:
    """Sign in, and open the newest mail."""
    webmail.mailbox(ALICE).append(letter)
    sign_in_to_framed(tab, webmail)
    listed = tab.wait_for_frame("list.cgi")
    listed.click("a[href*='read.cgi']")
    tab.wait_for_frame("read.cgi")
    webmail.requests.clear()


def show_menus(webmail: Webmail, tab: Page, letter: bytes) -> None:
    webmail.mailbox(ALICE).append(letter)
    sign_in_to_menus(tab, webmail)
    tab.click(".message-row")
    tab.wait_for_selector("a.file-chip")
    webmail.requests.clear()


@pytest.mark.parametrize("protection", ["signed", "signed_and_encrypted"])
def test_the_toolbar_opens_a_mail_in_frames(
    extension: Extension, framed: Webmail, tab: Page, letters: Letters, protection: str
) -> None:
    show_framed(framed, tab, getattr(letters, protection)(mail(text(WORDS))))
    assert WORDS in opened(extension, tab)
    assert [path.partition("?")[0] for _, path in framed.requests] in (["/source.cgi"], ["/source.cgi", "/raw.cgi"])


def test_an_encrypted_mail_whose_source_only_a_script_knows_is_opened_by_its_attachment(
    adaptor: Adaptor, menus: Webmail, tab: Page, letters: Letters
) -> None:
    """Two clicks: the toolbar, and the attachment, which a mail's text could imitate."""
    show_menus(menus, tab, letters.signed_and_encrypted(mail(text(WORDS))))
    extension = adaptor.extension
    extension.browser.click_toolbar_button(extension.id, tab)
    adaptor.wait_for_note(tab, "Click the attachment itself")
    assert not [path for _, path in menus.requests if "/attachments/" in path or "/raw" in path]
    # The bar makes way for the pointer.
    tab.point_at(400, int(tab.js("() => innerHeight / 2")) + 10)
    tab.click("a.file-chip")
    view = agree_if_asked(extension, tab)
    assert WORDS in view.around.wait_for_frame("mail_view.html").wait_for_text(WORDS, timeout_seconds=30)


def test_a_taught_webmail_opens_signed_mails_by_one_press(
    adaptor: Adaptor, menus: Webmail, tab: Page, letters: Letters
) -> None:
    """Five clicks teach it: the toolbar, "Teach", two in the webmail's own menu, and "Keep"."""
    show_menus(menus, tab, letters.signed(mail(text("Of the first."))))
    extension = adaptor.extension
    extension.browser.click_toolbar_button(extension.id, tab)
    adaptor.click(tab, "Teach Sealwax this webmail")
    tab.click(".more-btn")
    tab.click("[role=menuitem]:has(use[href*=source])")
    adaptor.click(tab, "Keep")
    view = agree_if_asked(extension, tab)
    view.around.wait_for_frame("mail_view.html").wait_for_text("Of the first.", timeout_seconds=30)
    menus.end_sessions()
    show_menus(menus, tab, letters.signed(mail(text(WORDS))))
    assert WORDS in opened(extension, tab)
    assert menus.requests[-1][1].endswith("/raw?folder=INBOX")
