"""Real webmails that the extension does not know send what the message window has made, after a control without it."""

from __future__ import annotations

import pytest

from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tests.support.extension.letter_to_bob import WORDS, attached, opened_by_bob, window_of, write
from tests.support.extension.mail_letters import Letters
from tests.support.extension.unknown_webmails import sign_in_to_ciderwebmail, sign_in_to_horde
from tests.support.servers.ciderwebmail import CiderWebmail
from tests.support.servers.horde import Horde
from tests.support.servers.mail_host import MailHost
from tests.support.servers.mailboxes import BOB

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]


def arrived(host: MailHost) -> bytes:
    """Wait for the only letter in Bob's mailbox, and take it out."""
    (letter,) = host.wait_for_messages(BOB)
    host.empty(BOB)
    return letter


def go_to_horde_form(tab: Page, webmail: Horde) -> None:
    tab.goto(f"{webmail.url}imp/basic.php?page=compose")
    tab.wait_for_selector("[name=upload_1]")


def test_horde(writer: Extension, tab: Page, horde_webmail: Horde, mail_host: MailHost, letters: Letters) -> None:
    sign_in_to_horde(tab, horde_webmail)
    go_to_horde_form(tab, horde_webmail)
    tab.fill("[name=to]", BOB)
    tab.fill("[name=subject]", "Control")
    tab.fill("[name=message]", "Plain words.")
    tab.click("[name=btn_send_message]")
    assert b"Plain words." in arrived(mail_host)
    go_to_horde_form(tab, horde_webmail)
    tab.js("() => { document.querySelector('[name=to]').focus(); }")
    writer.browser.click_toolbar_button(writer.id, tab)
    window = window_of(writer)
    assert "attached file" in window.text("[data-test=arrives]")
    write(window)
    tab.click("[name=btn_send_message]")
    letter = arrived(mail_host)
    assert WORDS.encode() not in letter
    assert WORDS in opened_by_bob(attached(letter), letters).content.decode()


def test_ciderwebmail(writer: Extension, tab: Page, ciderwebmail_webmail: CiderWebmail) -> None:
    """Its own form attaches no file here (`servers/ciderwebmail.py`)."""
    sign_in_to_ciderwebmail(tab, ciderwebmail_webmail)
    tab.goto(f"{ciderwebmail_webmail.url}mailbox/INBOX/compose")
    tab.wait_for_selector("[name=subject]")
    tab.js("() => { document.querySelector('[name=to]').focus(); }")
    writer.browser.click_toolbar_button(writer.id, tab)
    window = window_of(writer)
    assert "attached file" in window.text("[data-test=arrives]")
