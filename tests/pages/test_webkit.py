"""The mail pages in a third browser engine, WebKitGTK: sign in, unlock, read, write, lock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.webkit import WebKit
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def inbox(webkit: WebKit, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """Alice's inbox in WebKitGTK, with unlocked keys."""
    pages = MailPages(webkit, demo_stack.pages_url, alice)
    pages.enter()
    yield pages
    pages.close()


def test_signs_in_unlocks_and_reads(inbox: MailPages, welcome: int) -> None:
    inbox.open_message(welcome)
    assert inbox.state == "verified"
    assert inbox.body.strip()


@pytest.mark.thorough
def test_a_reload_locks_the_keys_and_keeps_the_session(inbox: MailPages) -> None:
    inbox.page.reload()
    inbox.page.wait_for_text("Subject encrypted", selector=named("messages"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.thorough
def test_no_text_covers_another_when_the_window_narrows(inbox: MailPages) -> None:
    inbox.page.click(named("lock"))
    inbox.page.wait_for_selector(named("unlock-form"))
    inbox.page.show_top(1280, 900)
    inbox.page.show_top(390, 844)
    label, hint = inbox.page.js(
        """() => [".switch-label span", "#strict-hint"].map((selector) => {
          const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
          return { top, bottom };
        })"""
    )
    assert label["bottom"] <= hint["top"]
    assert not inbox.page.overflows_sideways()


@pytest.mark.thorough
def test_writes_to_itself_reads_it_and_locks(inbox: MailPages, demo_stack: DemoStack, alice: Account) -> None:
    text = "Grüße aus Zürich.\n\nWe meet at one o'clock – bring the 印鑑 and the wax. 🕯"
    inbox.write(to=alice.address, subject="To myself", text=text)
    inbox.send()
    inbox.open_message(demo_stack.mail_server.messages(alice.address)[-1].uid)
    assert inbox.state == "verified"
    assert inbox.body.strip() == text
    inbox.page.click(named("lock"))
    inbox.page.wait_for_selector(named("unlock-form"))
    assert text not in inbox.page.text()
