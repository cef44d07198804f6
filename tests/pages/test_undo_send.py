"""Undo send: for some seconds a sent message can be taken back, and it is either sent or taken back, never both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.databases import WALK
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.outbox import (
    arrived as arrived,
    choose_undo_seconds,
    unfold_more,
    wait_until,
    wait_until_outbox_is_empty,
    wait_until_unlocked,
    wake,
)
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

TEXT = "Every word of it."
PRESENT = "(name) => document.querySelector(name) !== null"
SENDING = "(name) => document.querySelectorAll(name).length"
DATABASES = "async () => (await indexedDB.databases()).map(({ name }) => name)"


@pytest.fixture
def writer(browser: Browser, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """Alice, with unlocked keys and twenty seconds to undo a sending."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    choose_undo_seconds(pages, 20)
    yield pages
    # A test may have closed the tab.
    browser.close_tab(pages.page.context)


def send(pages: MailPages, bob: Account, *, subject: str = "Soon") -> None:
    """Send a message, and wait until it can be taken back."""
    pages.write(to=bob.address, subject=subject, text=TEXT)
    press_send(pages)


def press_send(pages: MailPages) -> None:
    pages.wait_until_sendable()
    pages.page.click(named("send"))
    pages.page.wait_for_text("Sending in", selector=named("sending-bar"), timeout_seconds=OPERATION_SECONDS)


def second_tab(writer: MailPages, stack: DemoStack) -> MailPages:
    """Another tab of the same account, which has got the keys of the first tab."""
    pages = MailPages(writer.page.browser, stack.pages_url, writer.account, beside=writer.page)
    wait_until_unlocked(pages.page)
    return pages


@pytest.mark.thorough(False)
def test_undo_brings_back_every_word_and_nothing_is_sent(
    writer: MailPages, bob: Account, alice: Account, arrived: Callable[[], int], tmp_path: Path
) -> None:
    page = writer.page
    (tmp_path / "plan.txt").write_text("The plan")
    writer.write(to=bob.address, subject="The plan", text=TEXT)
    page.click(named("unfold-cc-bcc"))
    page.fill(named("compose-bcc"), alice.address + ",")
    page.choose_files(named("compose-file"), [tmp_path / "plan.txt"])
    unfold_more(page)
    page.click(named("switch-receipt"))
    press_send(writer)
    assert page.js(PRESENT, named("sent")) is False
    page.js("() => { location.hash = '#/people'; }")
    page.wait_for_text("Sending in", selector=named("sending-bar"))
    page.click(named("undo-send"))
    page.wait_for("(name) => document.querySelector(name)?.value", named("compose-text"))
    assert page.value(named("compose-text")) == TEXT
    assert page.value(named("compose-subject")) == "The plan"
    written = page.text(named("compose-form"))
    assert all(part in written for part in (bob.address, alice.address, "plan.txt"))
    assert page.js("(name) => document.querySelector(name).checked", named("switch-receipt")) is True
    wake(page)
    assert page.js(SENDING, named("sending")) == 0
    assert arrived() == 0
    # It is sent once when the person sends it again.
    press_send(writer)
    wake(page)
    wait_until(lambda: arrived() == 1)
    wait_until_outbox_is_empty(page)
    assert arrived() == 1


@pytest.mark.thorough(False)
def test_after_the_seconds_the_message_is_sent_and_only_then_called_sent(
    writer: MailPages, bob: Account, arrived: Callable[[], int]
) -> None:
    choose_undo_seconds(writer, 5)
    send(writer, bob)
    assert (arrived(), writer.page.js(PRESENT, named("sent"))) == (0, False)
    writer.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)
    assert arrived() == 1
    assert writer.page.js(SENDING, named("sending")) == 0
    writer.page.click(named("sent"))
    writer.page.wait_for_text(bob.address, selector=named("sent-dialog"))


@pytest.mark.thorough(False)
def test_another_tab_sends_the_message_of_a_closed_tab(
    writer: MailPages, demo_stack: DemoStack, bob: Account, arrived: Callable[[], int]
) -> None:
    other = second_tab(writer, demo_stack)
    writer.page.activate()
    send(writer, bob)
    writer.close()
    other.page.wait_for_text("Sending in", selector=named("sending-bar"))
    assert arrived() == 0
    wake(other.page)
    wait_until_outbox_is_empty(other.page)
    assert arrived() == 1
    other.close()


@pytest.mark.thorough(False)
def test_the_message_of_the_only_tab_waits_visibly_and_leaves_after_the_next_unlocking(
    writer: MailPages, demo_stack: DemoStack, bob: Account, arrived: Callable[[], int]
) -> None:
    # A tab without scripts, which keeps the profile while no tab of the pages is open.
    beside = writer.page.browser.open_beside(writer.page, f"{demo_stack.pages_url}/style.css")
    writer.page.activate()
    send(writer, bob)
    writer.close()
    again = MailPages(beside.browser, demo_stack.pages_url, writer.account, beside=beside)
    again.page.wait_for_text("Messages wait in the outbox", selector=named("notice"), timeout_seconds=OPERATION_SECONDS)
    assert arrived() == 0
    again.page.js("() => { location.hash = '#/keys'; }")
    again.unlock()
    wait_until_unlocked(again.page)
    wake(again.page)
    wait_until_outbox_is_empty(again.page)
    assert arrived() == 1
    again.close()
    beside.close()


def test_a_locked_page_sends_nothing_and_says_that_a_message_waits(
    writer: MailPages, bob: Account, arrived: Callable[[], int]
) -> None:
    page = writer.page
    send(writer, bob, subject="A rare subject")
    needles = [list(needle.encode()) for needle in ("A rare subject", TEXT, bob.address)]
    assert page.js(WALK, needles)["found"] == 0
    page.click(named("lock"))
    page.wait_for_text("Messages wait in the outbox", selector=named("notice"), timeout_seconds=OPERATION_SECONDS)
    assert page.js(SENDING, named("sending")) == 0
    wake(page)
    time.sleep(1)
    assert arrived() == 0
    writer.unlock()
    wait_until_unlocked(page)
    wait_until_outbox_is_empty(page)
    assert arrived() == 1


@pytest.mark.thorough(False)
def test_a_message_that_one_tab_takes_back_is_not_sent_by_the_other(
    writer: MailPages, demo_stack: DemoStack, bob: Account, arrived: Callable[[], int]
) -> None:
    other = second_tab(writer, demo_stack)
    writer.page.activate()
    send(writer, bob)
    other.page.activate()
    other.page.click(named("undo-send"))
    other.page.wait_for("(name) => document.querySelector(name)?.value", named("compose-text"))
    assert other.page.value(named("compose-text")) == TEXT
    for page in (writer.page, other.page):
        wake(page)
    writer.page.wait_for("(name) => !document.querySelector(name)", named("sending"))
    time.sleep(1)
    assert arrived() == 0
    other.close()


def test_a_message_that_has_left_is_not_taken_back(
    writer: MailPages, demo_stack: DemoStack, bob: Account, arrived: Callable[[], int]
) -> None:
    other = second_tab(writer, demo_stack)
    writer.page.activate()
    send(writer, bob)
    other.page.wait_for_selector(named("undo-send"))
    # The first tab sends the message and tells nobody, as a tab that ends at this moment.
    writer.page.js("() => { BroadcastChannel.prototype.postMessage = () => undefined; }")
    wake(writer.page)
    wait_until(lambda: arrived() == 1)
    wait_until_outbox_is_empty(writer.page)
    other.page.activate()
    other.page.click(named("undo-send"))
    other.page.wait_for_text("Too late to undo", selector=named("notice"))
    assert other.page.js(PRESENT, named("compose-form")) is False
    other.close()


def test_a_message_that_is_taken_back_during_another_one_waits_in_the_outbox(
    writer: MailPages, bob: Account, arrived: Callable[[], int]
) -> None:
    page = writer.page
    send(writer, bob)
    writer.write(to=bob.address, subject="Another", text="Other words")
    page.click(named("undo-send"))
    page.wait_for_text("you are writing another one", selector=named("notice"))
    page.wait_for_selector(f"{named('outbox-letter')}[data-state=held]")
    wake(page)
    page.click(named("write"))
    assert page.value(named("compose-text")) == "Other words"
    assert arrived() == 0
    writer.discard()


@pytest.mark.thorough(False)
def test_on_another_persons_computer_nothing_waits(
    browser: Browser, demo_stack: DemoStack, alice: Account, bob: Account, arrived: Callable[[], int]
) -> None:
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.page.click(named("foreign-computer"))
    pages.enter()
    pages.page.js("() => { location.hash = '#/settings/writing'; }")
    pages.page.wait_for_text("messages are sent at once", selector=named("settings-view"))
    assert pages.page.js("(name) => document.querySelector(name).disabled", named("undo-seconds")) is True
    pages.page.js("() => { location.hash = '#/folder/inbox'; }")
    pages.write(to=bob.address, subject="At once", text=TEXT)
    choose_undo_seconds(pages, 20)
    pages.send()
    assert arrived() == 1
    assert "sealwax-outbox" not in pages.page.js(DATABASES)
    pages.close()


@pytest.mark.thorough(False)
def test_the_seconds_are_chosen_in_the_account(browser: Browser, demo_stack: DemoStack, alice: Account) -> None:
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    page = pages.page
    chosen = "(name) => { const { value, options } = document.querySelector(name); return [value, options.length]; }"
    page.js("() => { location.hash = '#/settings/writing'; }")
    page.wait_for_selector(named("undo-seconds"))
    assert page.js(chosen, named("undo-seconds")) == ["5", 4]
    page.js(
        """(name) => {
          const select = document.querySelector(name);
          select.value = "0";
          select.dispatchEvent(new Event("change"));
        }""",
        named("undo-seconds"),
    )
    page.reload()
    page.wait_for_selector(named("undo-seconds"), timeout_seconds=OPERATION_SECONDS)
    assert page.js(chosen, named("undo-seconds")) == ["0", 4]
    pages.close()
