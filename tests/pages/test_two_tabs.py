"""Two tabs of one browser: they share the cookie, the signed-in account, and its kept data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import Page
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.kept_trust import accept, show_people, store_nothing_at_keys, wait_until_kept
from tests.support.pages.strangers import deliver, stranger, welcome_of
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

# The name of the lock that a tab holds while it writes the kept state.
_TURN = "sealwax-kept-trust"


@pytest.fixture
def writer(browser: Browser, demo_stack: DemoStack, alice: Account) -> Iterator[MailPages]:
    """Alice, with unlocked keys."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    yield pages
    pages.close()


@contextmanager
def signed_in_beside(writer: MailPages, stack: DemoStack, account: Account) -> Iterator[None]:
    """In a second tab of the same browser, the writer signs out and `account` signs in.

    The second tab is of an earlier version, which tells the others nothing.
    """
    pages = MailPages(writer.page.browser, stack.pages_url, account, beside=writer.page)
    pages.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    pages.page.js("() => { BroadcastChannel.prototype.postMessage = () => undefined; }")
    pages.page.click(named("sign-out"))
    pages.page.wait_for_selector(named("sign-in-address"))
    pages.sign_in()
    pages.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    # The browser draws only the tab in front, and only that tab gets clicks.
    writer.page.activate()
    try:
        yield
    finally:
        pages.close()


def count_all(stack: DemoStack, *accounts: Account) -> list[int]:
    folders = ("INBOX", "Sent")
    return [len(stack.mail_server.messages(account.address, folder)) for account in accounts for folder in folders]


@pytest.mark.thorough(False)
def test_a_message_of_one_account_never_leaves_by_the_session_of_another(
    writer: MailPages, demo_stack: DemoStack, alice: Account, bob: Account
) -> None:
    """Otherwise the message would be sent with the other's login, and its copy would be in the other's folder."""
    writer.page.browser.expect_error("401")
    writer.write(to=bob.address, subject="Mine", text="Words of Alice.")
    writer.wait_until_sendable()
    before = count_all(demo_stack, alice, bob)
    with signed_in_beside(writer, demo_stack, bob):
        # The look for new mail may have noticed the other account already. Then the page asks to sign in at once.
        writer.page.js("(send) => document.querySelector(send)?.click()", named("send"))
        writer.page.wait_for_selector(named("sign-in-address"), timeout_seconds=OPERATION_SECONDS)
        assert count_all(demo_stack, alice, bob) == before
        writer.sign_in()
        writer.page.wait_for_selector(named("compose-text"), timeout_seconds=OPERATION_SECONDS)
        assert writer.page.value(named("compose-text")) == "Words of Alice."


def test_a_tab_of_one_account_shows_no_mail_of_another(writer: MailPages, demo_stack: DemoStack, bob: Account) -> None:
    writer.show_inbox()
    with signed_in_beside(writer, demo_stack, bob):
        writer.page.click(named("refresh"))
        writer.page.wait_for_selector(named("sign-in-address"), timeout_seconds=OPERATION_SECONDS)
        assert writer.page.js(f"() => document.querySelector('{named('messages')}')") is None


@pytest.fixture
def first(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    """A tab that shows the person's one decision, to accept a stranger."""
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.enter()
    # Each merge with the account would write the state once more, at a time of its own.
    store_nothing_at_keys(pages, stack)
    accept(pages, deliver(stack, pages.account, stranger(), "A stranger"))
    wait_until_kept(pages, 1)
    show_people(pages)
    pages.page.wait_for_selector(named("decision-remove"), timeout_seconds=OPERATION_SECONDS)
    yield pages
    pages.page.js("""async () => indexedDB.deleteDatabase("sealwax")""")
    pages.close()


@pytest.fixture
def second(first: MailPages, stack: DemoStack) -> Iterator[MailPages]:
    """A tab beside the first, with unlocked keys and the same decision. It is in front."""
    pages = MailPages(first.page.browser, stack.pages_url, stack.accounts[0], beside=first.page)
    store_nothing_at_keys(pages, stack)
    pages.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    show_people(pages)
    pages.page.wait_for_selector(named("decision-remove"), timeout_seconds=OPERATION_SECONDS)
    yield pages
    pages.close()


def wait_until_none(pages: MailPages) -> None:
    """Wait until the page about people says that there are no decisions."""
    pages.page.wait_for_text("Nothing", selector=named("decisions"), timeout_seconds=OPERATION_SECONDS)


def wait_for_writers(page: Page, number: int) -> None:
    """Wait until so many tabs wait to write the kept state."""
    look = """async (name, number) => {
      const { pending } = await navigator.locks.query();
      return pending.filter((one) => one.name === name).length === number;
    }"""
    page.wait_for(look, _TURN, number, timeout_seconds=OPERATION_SECONDS)


def test_a_decision_removed_in_one_tab_is_not_brought_back_by_another(
    first: MailPages, second: MailPages, stack: DemoStack
) -> None:
    """If a removed decision came back, mail of a stranger would be verified again."""
    first.page.activate()
    first.page.click(named("decision-remove"))
    wait_until_none(first)
    second.page.activate()
    wait_until_none(second)
    # The second tab gets a new contact, and writes the state without the decision.
    second.open_message(welcome_of(stack, second.account))
    ((_, counter, _),) = wait_until_kept(second, 1)
    assert isinstance(counter, int)
    wait_until_kept(second, counter)
    first.page.activate()
    first.page.reload()
    # The other tab unlocks this one, and the view stays.
    first.page.wait_for_selector(f"{named('lock')}[data-unlocked=true]", timeout_seconds=OPERATION_SECONDS)
    show_people(first)
    wait_until_none(first)


def test_a_decision_removed_while_another_tab_writes_it_is_not_brought_back(
    first: MailPages, second: MailPages, stack: DemoStack
) -> None:
    """The other tab's state still has the decision, and both states are joined."""
    page = second.page
    hold = """(name) => {
      const released = new Promise((resolve) => { globalThis.releaseTurn = resolve; });
      void navigator.locks.request(name, () => released);
    }"""
    page.js(hold, _TURN)
    second.open_message(welcome_of(stack, second.account))
    wait_for_writers(page, 1)
    first.page.activate()
    first.page.click(named("decision-remove"))
    wait_for_writers(page, 2)
    ((_, counter, _),) = wait_until_kept(first, 1)
    assert isinstance(counter, int)
    page.js("() => globalThis.releaseTurn()")
    wait_until_kept(first, counter + 2)
    wait_until_none(first)
    page.activate()
    show_people(second)
    wait_until_none(second)
