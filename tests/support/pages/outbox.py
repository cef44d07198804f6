"""The outbox of the pages: messages that wait for some seconds or for a time, and the clock of the page."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.support.browser.page import Page
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

UNLOCKED = f"{named('lock')}[data-unlocked=true]"
# As after a sleep of the computer: the clock has gone on, and the page is shown again.
_WAKE = """(milliseconds) => {
  const now = Date.now.bind(Date);
  Date.now = () => now() + milliseconds;
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def arrived(demo_stack: DemoStack, bob: Account) -> Callable[[], int]:
    """The number of messages that Bob has got since the test began."""
    before = len(demo_stack.mail_server.messages(bob.address))
    return lambda: len(demo_stack.mail_server.messages(bob.address)) - before


def choose_undo_seconds(pages: MailPages, seconds: int) -> None:
    """Choose for how long a sent message can be taken back."""
    pages.page.js("(seconds) => localStorage.setItem('sealwax-undo-send', seconds)", str(seconds))


def unfold_more(page: Page) -> None:
    """Show the rarer options of the message that is being written."""
    page.js("(name) => { document.querySelector(name).open = true; }", named("more"))


def wake(page: Page, *, after_seconds: int = 60) -> None:
    """Let the page sleep, and wake up after some time."""
    page.js(_WAKE, after_seconds * 1000)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something outside the browser holds."""
    deadline = time.monotonic() + OPERATION_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def show_outbox(page: Page) -> None:
    """Go to the outbox."""
    page.js("() => { location.hash = '#/outbox'; }")
    page.wait_for_selector(named("outbox-view"))


def wait_until_outbox_is_empty(page: Page) -> None:
    """Go to the outbox, and wait until all messages have left."""
    show_outbox(page)
    page.wait_for_text("No message waits here", selector=named("outbox-view"), timeout_seconds=OPERATION_SECONDS)


def wait_until_unlocked(page: Page) -> None:
    """Wait until the keys are unlocked."""
    page.wait_for_selector(UNLOCKED, timeout_seconds=OPERATION_SECONDS)
