"""The person's own text below messages: chosen in the account, put into messages, and brought along elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser.accessibility import find_violations
from tests.support.browser.browsers import Browser
from tests.support.pages.draft_driver import in_mailbox, stored
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.signed_in import alice_in_her_inbox as alice_in_her_inbox
from tests.support.pages.strangers import welcome_of
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]

MINE = "Alice\n+49 30 1"
BELOW = f"\n\n-- \n{MINE}"
FIELD, SAVE = named("letter-signature"), named("letter-signature-save")
CARET = "() => [document.activeElement.dataset.test, document.activeElement.selectionEnd]"


@pytest.fixture(scope="module")
def stack() -> Iterator[DemoStack]:
    """A separate demonstration, because a text of Alice's account would be below the messages of other tests."""
    with DemoStack() as stack:
        yield stack


def show_account(pages: MailPages) -> None:
    pages.page.js("() => { location.hash = '#/settings/writing'; }")
    pages.page.wait_for_selector(FIELD)


def choose(pages: MailPages, text: str) -> None:
    show_account(pages)
    pages.page.fill(FIELD, text)
    pages.page.click(SAVE)


def wait_for_account(pages: MailPages) -> None:
    """Wait until the account at the key server has what this device has."""
    pages.page.js("() => { location.hash = '#/keys'; }")
    stored_there = f'{named("roaming")}[data-roaming="stored"]'
    pages.page.wait_for_selector(stored_there, timeout_seconds=OPERATION_SECONDS)


def begin(pages: MailPages, button: str) -> str:
    pages.page.click(named(button))
    pages.page.wait_for_selector(named("compose-form"))
    return pages.page.value(named("compose-text"))


def discard_unasked(pages: MailPages) -> None:
    pages.page.click(named("discard"))
    pages.page.wait_for(f"() => document.querySelector('{named('compose-form')}') === null")


def open_welcome(pages: MailPages, stack: DemoStack) -> None:
    pages.open_message(welcome_of(stack, pages.account))
    pages.page.wait_for_selector(f"{named('state')}[data-state=verified]", timeout_seconds=OPERATION_SECONDS)


def test_the_text_is_below_ones_own_words_and_above_the_quoted_ones(alice: MailPages, stack: DemoStack) -> None:
    page = alice.page
    choose(alice, f"{MINE}\n\n")
    page.wait_for_text("Your text is saved.", selector="#announcer")
    assert page.value(FIELD) == MINE
    assert find_violations(page) == []

    alice.show_inbox()
    assert begin(alice, "write") == BELOW
    # A message that has only this text is not begun: there is no draft, and no question.
    page.js("() => dispatchEvent(new Event('blur'))")
    assert page.text(named("draft-state")) == ""
    discard_unasked(alice)
    assert in_mailbox(stack) == []
    assert not [record for record in stored(alice) if record.startswith("drafts ")]

    for button in ("reply", "forward"):
        open_welcome(alice, stack)
        own, _, quoted = begin(alice, button).partition(BELOW)
        assert (own, quoted[:2]) == ("", "\n\n")
        assert quoted.strip()
        discard_unasked(alice)
    open_welcome(alice, stack)
    begin(alice, "reply")
    assert page.js(CARET) == ["compose-text", 0]
    discard_unasked(alice)

    choose(alice, "")
    page.wait_for_text("No text is put below your messages.", selector="#announcer")
    alice.show_inbox()
    assert begin(alice, "write") == ""
    discard_unasked(alice)


@pytest.mark.thorough
def test_a_continued_draft_and_its_text_stay_as_they_are(alice: MailPages, stack: DemoStack) -> None:
    page = alice.page
    choose(alice, MINE)
    alice.show_inbox()
    begin(alice, "write")
    page.click(named("compose-text"))
    page.js("() => document.activeElement.setSelectionRange(0, 0)")
    page.type("Hello")
    page.wait_for_selector(
        f"{named('draft-state')}[data-state=saved]:not([data-pending])", timeout_seconds=OPERATION_SECONDS
    )
    page.reload()
    alice.unlock()
    page.wait_for_selector(named("draft-continue"), timeout_seconds=OPERATION_SECONDS)
    page.click(named("draft-continue"))
    page.wait_for(f"() => document.querySelector('{named('compose-text')}')?.value !== undefined")
    assert page.value(named("compose-text")) == f"Hello{BELOW}"
    page.click(named("compose-subject"))
    # The person goes on to write below the own words, and not below the text.
    assert page.js(f"() => document.querySelector('{named('compose-text')}').selectionEnd") == len("Hello")
    page.click(named("discard"))
    choose(alice, "")


@pytest.mark.thorough
def test_another_device_gets_the_text_and_a_foreign_one_stores_nothing_of_it(
    alice: MailPages, browser: Browser, stack: DemoStack
) -> None:
    choose(alice, MINE)
    alice.page.wait_for_text("Your text is saved.", selector="#announcer")
    wait_for_account(alice)
    elsewhere = MailPages(browser, stack.pages_url, stack.accounts[0])
    page = elsewhere.page
    page.activate()
    page.click(named("foreign-computer"))
    elsewhere.enter()
    wait_for_account(elsewhere)
    show_account(elsewhere)
    assert page.value(FIELD) == MINE
    assert not [record for record in stored(elsewhere) if "+49 30 1" in record]
    page.click(named("sign-out"))
    page.wait_for_selector(named("sign-in-form"))
    elsewhere.close()
    # On her own computer the browser keeps it, encrypted.
    assert not [record for record in stored(alice) if "+49 30 1" in record]
    alice.page.activate()
    choose(alice, "")


@pytest.mark.thorough
def test_it_is_shown_and_changed_only_while_the_keys_are_unlocked(alice: MailPages) -> None:
    page = alice.page
    choose(alice, MINE)
    page.wait_for_text("Your text is saved.", selector="#announcer")
    page.click(named("lock"))
    page.wait_for_selector(named("unlock-form"))
    page.js("() => { location.hash = '#/settings/writing'; }")
    page.wait_for_selector(named("letter-signature-locked"))
    assert page.js(f"() => document.querySelector('{FIELD}')") is None
    page.js("() => { location.hash = '#/keys'; }")
    page.reload()
    alice.unlock()
    page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    show_account(alice)
    page.wait_for(f"(mine) => document.querySelector('{FIELD}').value === mine", MINE)
    choose(alice, "")
