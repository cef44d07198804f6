"""Sending later: a message waits on this device for its time, and is sent while a page of the account is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.outbox import (
    arrived as arrived,
    show_outbox,
    unfold_more,
    wait_until,
    wait_until_outbox_is_empty,
    wait_until_unlocked,
    wake,
)
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

TEXT = "Words for later."
# Sets a field as a person does, and reports the change.
SET = """(name, value) => {
  const field = document.querySelector(name);
  field.value = value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}"""
VALUE = "(name) => document.querySelector(name)?.value ?? null"
# The time in two minutes, in the form of the field and by the clock of the browser.
SOON = """() => {
  const soon = new Date(Date.now() + 120_000);
  soon.setMinutes(soon.getMinutes() - soon.getTimezoneOffset());
  return soon.toISOString().slice(0, 16);
}"""


@pytest.fixture
def writer(browser: Browser, demo_stack: DemoStack, alice: Account, bob: Account) -> Iterator[MailPages]:
    """Alice, who has written a message to Bob."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    pages.write(to=bob.address, subject="Later", text=TEXT)
    pages.wait_until_sendable()
    unfold_more(pages.page)
    yield pages
    browser.close_tab(pages.page.context)


def choose_time(page: Page, choice: str, own: str = "") -> None:
    page.js(SET, named("send-later"), choice)
    if choice == "own":
        page.js(SET, named("send-later-time"), own)


def send_later(pages: MailPages) -> None:
    """Press the button, and wait until the message is in the outbox."""
    assert pages.page.text(named("send")) == "Send later"
    pages.page.click(named("send"))
    pages.page.wait_for_text("waits in the outbox until", timeout_seconds=OPERATION_SECONDS)
    show_outbox(pages.page)
    pages.page.wait_for_text("when Sealwax is next open", selector=named("outbox-letter"))


@pytest.mark.thorough(False)
def test_a_message_is_sent_at_its_time_and_not_before(writer: MailPages, arrived: Callable[[], int]) -> None:
    page = writer.page
    assert page.text(named("send")) == "Send"
    choose_time(page, "own", page.js(SOON))
    send_later(writer)
    wake(page, after_seconds=30)
    page.wait_for_text("when Sealwax is next open", selector=named("outbox-letter"))
    assert arrived() == 0
    # The computer sleeps over the time.
    wake(page, after_seconds=120)
    wait_until(lambda: arrived() == 1)
    wait_until_outbox_is_empty(page)
    assert arrived() == 1


def test_a_time_that_comes_while_the_keys_are_locked_waits_for_the_unlocking(
    writer: MailPages, arrived: Callable[[], int]
) -> None:
    page = writer.page
    choose_time(page, "own", page.js(SOON))
    send_later(writer)
    page.click(named("lock"))
    page.wait_for_text("Messages wait in the outbox", selector=named("notice"), timeout_seconds=OPERATION_SECONDS)
    wake(page, after_seconds=150)
    assert arrived() == 0
    writer.unlock()
    wait_until_unlocked(page)
    wait_until_outbox_is_empty(page)
    assert arrived() == 1


@pytest.mark.thorough(False)
def test_a_waiting_message_is_changed_and_sent_now(writer: MailPages, arrived: Callable[[], int]) -> None:
    page = writer.page
    choose_time(page, "tomorrow")
    send_later(writer)
    page.click(named("outbox-change"))
    page.wait_for(VALUE, named("compose-text"))
    assert page.value(named("compose-text")) == TEXT
    # The time is kept too: tomorrow at eight.
    assert page.js(VALUE, named("send-later")) == "own"
    chosen = datetime.fromisoformat(page.js(VALUE, named("send-later-time")))
    assert (chosen.hour, chosen.minute) == (8, 0)
    assert chosen - datetime.now(UTC).replace(tzinfo=None) < timedelta(days=3)
    writer.wait_until_sendable()
    send_later(writer)
    page.wait_for("(name) => document.querySelectorAll(name).length === 1", named("outbox-letter"))
    assert arrived() == 0
    page.click(named("outbox-send"))
    wait_until(lambda: arrived() == 1)
    wait_until_outbox_is_empty(page)
    assert arrived() == 1


def test_a_waiting_message_is_deleted(writer: MailPages, arrived: Callable[[], int]) -> None:
    page = writer.page
    choose_time(page, "hour")
    send_later(writer)
    page.click(named("outbox-delete"))
    page.click(named("outbox-delete-go"))
    wait_until_outbox_is_empty(page)
    wake(page, after_seconds=120)
    assert arrived() == 0


@pytest.mark.parametrize(
    ("own", "sentence"), [("", "Enter a date"), ("2020-01-01T08:00", "has passed"), ("2090-01-01T08:00", "a year away")]
)
def test_a_time_that_cannot_be_used_sends_nothing(
    writer: MailPages, arrived: Callable[[], int], own: str, sentence: str
) -> None:
    page = writer.page
    choose_time(page, "own", own)
    page.click(named("send"))
    page.wait_for_text(sentence, selector=named("send-error"))
    assert page.value(named("compose-text")) == TEXT
    assert arrived() == 0
    writer.discard()


def test_on_another_persons_computer_no_message_waits_for_a_time(
    browser: Browser, demo_stack: DemoStack, alice: Account
) -> None:
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.page.click(named("foreign-computer"))
    pages.enter()
    pages.page.click(named("write"))
    unfold_more(pages.page)
    pages.page.wait_for_text("a message cannot wait", selector=named("more"))
    assert pages.page.js("(name) => document.querySelector(name).disabled", named("send-later")) is True
    pages.close()
