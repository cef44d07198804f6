"""Drafts of the pages: kept encrypted after a pause, on server and device, and continued later or elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from email import message_from_bytes
from uuid import uuid4

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page import ESCAPE
from tests.support.pages.draft_driver import (
    SUBJECT,
    WORDS,
    discard,
    drafts_here,
    enter,
    in_mailbox,
    line,
    open_drafts,
    open_only_draft,
    stored,
    wait_for_draft,
    wait_for_text,
    wait_until,
    write,
)
from tests.support.pages.draft_messages import EXTENSION_FIELDS, put_draft, read_draft
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.received import stack as stack
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture(scope="module")
def alice(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    pages = enter(browser, stack)
    yield pages
    pages.close()


def test_a_pause_keeps_a_draft_of_which_no_word_is_stored_in_clear(alice: MailPages, stack: DemoStack) -> None:
    write(alice)
    alice.page.click(named("compose-to"))
    alice.page.type("bob@half.typ")
    wait_for_draft(alice)
    assert line(alice) == "Draft saved"
    wait_until(lambda: len(in_mailbox(stack)) == 1)
    assert len(drafts_here(alice)) == 1
    for word in ("lighthouse", SUBJECT, "half.typ"):
        assert all(word not in record for record in stored(alice))
        assert all(word.encode() not in message for message in in_mailbox(stack))
    discard(alice, stack)
    wait_until(lambda: not drafts_here(alice))


@pytest.mark.thorough
def test_a_deleted_draft_comes_back_with_undo(alice: MailPages, stack: DemoStack) -> None:
    write(alice)
    wait_for_draft(alice)
    discard(alice, stack)
    alice.page.wait_for_selector(f"{named('act-notice')}[data-shown=yes]")
    alice.page.click(named("undo"))
    wait_for_text(alice, WORDS)
    assert len(in_mailbox(stack)) == 1
    # Words that were never saved come back too.
    alice.page.fill(named("compose-text"), "More words")
    alice.page.click(named("discard"))
    alice.page.click(named("undo"))
    wait_for_text(alice, "More words")
    discard(alice, stack)


def test_a_lock_keeps_the_draft_and_clears_its_words(alice: MailPages, stack: DemoStack) -> None:
    write(alice)
    alice.page.click(named("lock"))
    alice.page.wait_for_selector(named("unlock-form"), timeout_seconds=OPERATION_SECONDS)
    assert "lighthouse" not in alice.page.js("() => document.documentElement.outerHTML")
    wait_until(lambda: len(in_mailbox(stack)) == 1)
    alice.unlock()
    wait_for_text(alice, WORDS)
    discard(alice, stack)


def test_a_draft_of_the_extension_goes_on_here_and_keeps_what_only_the_extension_knows(
    alice: MailPages, stack: DemoStack
) -> None:
    put_draft(stack, str(uuid4()), WORDS, files={"note.txt": b"Grapefruit"})
    open_only_draft(alice)
    wait_for_text(alice, WORDS)
    alice.page.fill(named("compose-text"), "More words")
    wait_for_draft(alice)
    wait_until(lambda: len(in_mailbox(stack)) == 1)
    draft = read_draft(stack.accounts[0].identity, in_mailbox(stack)[0])
    assert (draft.text, draft.files) == ("More words", {"note.txt": b"Grapefruit"})
    assert draft.fields["to"] == [stack.accounts[1].address]
    assert {name: draft.fields[name] for name in EXTENSION_FIELDS} == EXTENSION_FIELDS
    discard(alice, stack)


@pytest.mark.thorough
def test_a_reload_loses_nothing_and_a_sent_draft_is_deleted(alice: MailPages, stack: DemoStack) -> None:
    alice.show_inbox()
    alice.write(to=stack.accounts[1].address, subject=SUBJECT, text=WORDS)
    wait_for_draft(alice)
    alice.page.reload()
    alice.unlock()
    alice.page.wait_for_selector(named("draft-continue"), timeout_seconds=OPERATION_SECONDS)
    alice.page.click(named("draft-continue"))
    wait_for_text(alice, WORDS)
    alice.send()
    wait_until(lambda: not in_mailbox(stack) and not drafts_here(alice))


@pytest.mark.thorough
def test_another_device_finishes_a_draft_from_its_folder(browser: Browser, alice: MailPages, stack: DemoStack) -> None:
    alice.show_inbox()
    alice.write(to=stack.accounts[1].address, subject=SUBJECT, text=WORDS)
    wait_for_draft(alice)
    other = enter(browser, stack)
    open_drafts(other)
    other.page.wait_for_text(SUBJECT, selector=named("message-row"), timeout_seconds=OPERATION_SECONDS)
    assert stack.accounts[1].address in other.page.text(named("message-row"))
    open_only_draft(other)
    wait_for_text(other, WORDS)
    other.send()
    wait_until(lambda: not in_mailbox(stack) and not drafts_here(other))
    other.close()
    # The first device learns it before it sends the draft a second time.
    alice.page.activate()
    before = len(stack.mail_server.messages(stack.accounts[1].address))
    alice.wait_until_sendable()
    alice.page.click(named("send"))
    alice.page.wait_for_selector(named("send-elsewhere-confirm"), timeout_seconds=OPERATION_SECONDS)
    assert len(stack.mail_server.messages(stack.accounts[1].address)) == before
    alice.page.press(ESCAPE)
    discard(alice, stack)


@pytest.mark.thorough
def test_other_mail_programs_show_a_note(browser: Browser, stack: DemoStack) -> None:
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.page.click(named("foreign-computer"))
    pages.enter()
    write(pages)
    wait_for_draft(pages)
    [raw] = in_mailbox(stack)
    _, note, draft = message_from_bytes(raw).walk()
    assert "Sealwax keeps encrypted" in base64.b64decode(str(note.get_payload())).decode()
    assert draft.get_filename() == "draft.sealwax"
    # On the computer of somebody else, the browser keeps nothing.
    assert pages.page.js("async () => (await indexedDB.databases()).length") == 0
    assert len(stored(pages)) == 2
    pages.page.click(named("lock"))
    pages.unlock()
    wait_for_text(pages, WORDS)
    discard(pages, stack)
    pages.close()
