"""Drafts of the pages when something fails: the network, the storage, a second tab, and a server that lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.draft_driver import (
    CUTTABLE,
    WORDS,
    discard,
    drafts_here,
    enter,
    in_mailbox,
    line,
    open_drafts,
    open_only_draft,
    wait_for_draft,
    wait_for_text,
    wait_until,
    write,
)
from tests.support.pages.draft_messages import put_draft, read_draft
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.received import stack as stack
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/draft_troubles.js")


pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]


@pytest.fixture(scope="module")
def alice(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    pages = enter(browser, stack)
    yield pages
    pages.close()


@contextmanager
def beside(alice: MailPages, stack: DemoStack) -> Iterator[MailPages]:
    """A second tab of the same browser, to which the first one gives its keys."""
    other = MailPages(alice.page.browser, stack.pages_url, alice.account, beside=alice.page)
    other.page.wait_for_selector(f"{named('lock')}[data-unlocked=true]", timeout_seconds=OPERATION_SECONDS)
    other.page.wait_for_selector(named("messages"), timeout_seconds=OPERATION_SECONDS)
    try:
        yield other
    finally:
        other.close()
        alice.page.activate()


def clear(stack: DemoStack, alice: MailPages) -> None:
    """Delete the drafts of the folder."""
    open_drafts(alice)
    alice.page.js("async (name) => { document.querySelector(`${name} a`)?.focus(); }", named("messages"))
    for _ in in_mailbox(stack):
        alice.page.press("#")
    wait_until(lambda: not in_mailbox(stack))


def test_a_draft_is_kept_here_while_the_network_is_lost_and_uploaded_by_itself(
    alice: MailPages, stack: DemoStack
) -> None:
    alice.page.js(CUTTABLE)
    write(alice)
    wait_for_draft(alice, "device")
    assert line(alice).startswith("Not saved on the server; kept on this device.")
    assert in_mailbox(stack) == []
    alice.page.js("() => { window.cut = false; }")
    wait_for_draft(alice)
    assert len(in_mailbox(stack)) == 1
    discard(alice, stack)


def test_a_lost_answer_makes_no_second_draft(alice: MailPages, stack: DemoStack) -> None:
    alice.page.js(IN_PAGE["aLostAnswerMakesNoSecondDraft"])
    write(alice)
    wait_for_draft(alice, "device")
    wait_for_draft(alice)
    assert len(in_mailbox(stack)) == 1
    assert line(alice) == "Draft saved"
    discard(alice, stack)


def test_a_closed_tab_leaves_its_draft_to_the_next_one(alice: MailPages, stack: DemoStack) -> None:
    with beside(alice, stack) as other:
        other.page.js(CUTTABLE)
        write(other)
        wait_for_draft(other, "device")
    # It never reached the server, so the next page uploads it when it lists the drafts.
    alice.page.click(named("lock"))
    alice.unlock()
    alice.page.wait_for_selector(named("draft-continue"), timeout_seconds=OPERATION_SECONDS)
    wait_until(lambda: len(in_mailbox(stack)) == 1)
    alice.page.click(named("draft-continue"))
    wait_for_text(alice, WORDS)
    discard(alice, stack)


def test_two_tabs_with_one_draft_lose_neither_text(alice: MailPages, stack: DemoStack) -> None:
    write(alice)
    wait_for_draft(alice)
    with beside(alice, stack) as other:
        # The offer moves the list, so that a click would miss the row.
        other.page.wait_for_selector(named("draft-continue"), timeout_seconds=OPERATION_SECONDS)
        open_only_draft(other)
        wait_for_text(other, WORDS)
        other.page.fill(named("compose-text"), "Words of the other tab")
        wait_for_draft(other)
        alice.page.activate()
        alice.page.fill(named("compose-text"), "Words of this tab")
        wait_until(lambda: len(in_mailbox(stack)) == 2)
        wait_for_draft(alice)
        assert "second draft" in line(alice)
        identity = stack.accounts[0].identity
        texts = {read_draft(identity, raw).text for raw in in_mailbox(stack)}
        assert texts == {"Words of the other tab", "Words of this tab"}
        alice.page.click(named("discard"))
        other.page.activate()
        discard(other, stack)


def test_a_browser_without_room_keeps_the_draft_in_the_mailbox_and_says_so(alice: MailPages, stack: DemoStack) -> None:
    alice.page.js(IN_PAGE["aBrowserWithoutRoomKeepsTheDraftInTheMailboxAndSaysSo"])
    write(alice)
    wait_for_draft(alice, "mailbox")
    assert "no room left" in line(alice)
    assert len(in_mailbox(stack)) == 1
    # With the network lost too, the page says that the text is in no other place, and asks before it is closed.
    alice.page.js(CUTTABLE)
    alice.page.fill(named("compose-text"), "More words")
    wait_for_draft(alice, "failed")
    assert line(alice).startswith("Not saved: this message exists only in this page.")
    assert alice.page.js("() => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    alice.page.js("() => { window.cut = false; window.restorePut(); }")
    alice.page.fill(named("compose-text"), "More words, and more")
    wait_for_draft(alice)
    discard(alice, stack)


def test_a_draft_in_the_place_of_another_is_refused_with_a_sentence(alice: MailPages, stack: DemoStack) -> None:
    put_draft(stack, str(uuid4()), "An old text", sealed_for=str(uuid4()))
    open_drafts(alice)
    alice.page.click(named("message-row"))
    alice.page.wait_for_text(
        "put in another draft’s place", selector=named("reading-error"), timeout_seconds=OPERATION_SECONDS
    )
    assert "An old text" not in alice.page.text("body")
    clear(stack, alice)


def test_nonsense_of_the_server_changes_nothing(alice: MailPages, stack: DemoStack) -> None:
    alice.page.js(IN_PAGE["nonsenseOfTheServerChangesNothing"])
    write(alice)
    wait_for_draft(alice, "device")
    alice.page.js("() => window.restoreFetch()")
    wait_for_draft(alice)
    assert len(in_mailbox(stack)) == 1
    discard(alice, stack)


def test_all_that_is_written_comes_back(alice: MailPages, stack: DemoStack) -> None:
    alice.page.click(named("write"))
    alice.page.wait_for_selector(named("compose-form"))
    alice.page.click(named("unfold-cc-bcc"))
    for field, address in (("to", "to@example.test"), ("cc", "cc@example.test"), ("bcc", "bcc@example.test")):
        alice.page.fill(named(f"compose-{field}"), f"{address},")
    alice.page.fill(named("compose-text"), WORDS)
    alice.page.js("(name) => { document.querySelector(name).click(); }", named("switch-sign"))
    copy = IN_PAGE["copy"]
    alice.page.js(copy, named("compose-copy"))
    wait_for_draft(alice)
    alice.page.click(named("lock"))
    alice.unlock()
    wait_for_text(alice, WORDS)
    people = "() => [...document.querySelectorAll('[data-test=recipient]')].map(({ dataset }) => dataset.address)"
    assert alice.page.js(people) == ["to@example.test", "cc@example.test", "bcc@example.test"]
    assert alice.page.js("(name) => document.querySelector(name).checked", named("switch-sign")) is False
    assert alice.page.value(named("compose-copy")) == "30"
    discard(alice, stack)
    wait_until(lambda: not drafts_here(alice))


def test_without_unlocked_keys_nothing_is_kept_and_the_page_says_so(alice: MailPages) -> None:
    alice.page.click(named("lock"))
    alice.page.wait_for_selector(named("skip-unlock"), timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("skip-unlock"))
    write(alice)
    wait_for_draft(alice, "locked")
    assert "your keys are locked" in line(alice)
    assert drafts_here(alice) == []
    alice.page.click(named("discard"))
    alice.page.click(named("discard-confirm"))
    alice.page.wait_for_selector(named("messages"))
    alice.page.js("() => { location.hash = '#/keys'; }")
    alice.unlock()
