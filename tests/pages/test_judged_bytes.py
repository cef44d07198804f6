"""Every act on an open message takes the bytes that were judged, although the bridge now gives another message."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email.message import Message
from uuid import uuid4

import pytest

from smime_core import ess
from smime_core.blocking import run
from smime_core.cms import find_signed_layer
from smime_core.cms.recipients.keys import Keys
from smime_core.message import decrypt_message
from tests.support.browser.browsers import Browser
from tests.support.extension.mail_letters import file, mail, multipart, text
from tests.support.extension.receipt_mails import NATIVE, asking_mail
from tests.support.pages import strangers
from tests.support.pages.draft_driver import discard, open_drafts, open_only_draft, wait_for_text
from tests.support.pages.draft_messages import put_draft
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.lying_bridge import LyingRig, lying as lying
from tests.support.pages.received import deliver, signed, signed_and_encrypted

pytestmark = [pytest.mark.browser, pytest.mark.server]

# Above the size up to which the pages keep a message in memory.
LARGE_BYTES = 3_100_000
LARGE_LINES = 52_000
REFUSED = "another message than the one that you have open"


@pytest.fixture(scope="module")
def pages(browser: Browser, lying: LyingRig) -> Iterator[MailPages]:
    """Alice with unlocked keys."""
    pages = MailPages(browser, lying.stack.pages_url, lying.stack.accounts[0])
    pages.enter()
    yield pages
    pages.close()


@pytest.fixture(autouse=True)
def _left(pages: MailPages) -> Iterator[None]:
    """After a test that failed, the next one finds no dialog."""
    yield
    pages.page.js("() => document.querySelectorAll('dialog').forEach((one) => one.close())")


def letter(lying: LyingRig, words: str, *, padding: int = 0, is_encrypted: bool = True) -> bytes:
    """A letter from Bob with a text and an attached mail, which verifies."""
    alice, bob = lying.stack.accounts
    inner = signed(bob, mail(text(f"{words}, inside."), subject=f"{words}, inside"))
    attached = b'Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename="old.eml"\r\n\r\n' + inner
    notes = file("notes.txt", "text/plain", words.encode() + b"." * padding)
    message = mail(multipart("mixed", text(words), notes, attached), subject=words)
    return signed_and_encrypted(bob, alice, message) if is_encrypted else signed(bob, message)


def open_letter(pages: MailPages, lying: LyingRig, message: bytes) -> int:
    uid = deliver(lying.stack, message)
    pages.open_message(uid)
    assert pages.state == "verified"
    return uid


def forwarded_whole(pages: MailPages, lying: LyingRig) -> Message:
    """Forward the open message to Bob as a file, and return what he reads in it."""
    bob = lying.stack.accounts[1]
    pages.page.click(named("forward-whole"))
    pages.page.wait_for_selector(named("compose-form"), timeout_seconds=OPERATION_SECONDS)
    pages.page.fill(named("compose-to"), bob.address + ",")
    pages.send()
    sent = lying.stack.mail_server.messages(bob.address)[-1].raw
    opened = run(decrypt_message(sent, Keys(identities=[bob.identity]), provider=NATIVE))
    (whole,) = [part for part in email.message_from_bytes(opened).walk() if part.get_filename() == "message.eml"]
    payload = whole.get_payload()
    assert isinstance(payload, list)
    (inside,) = payload
    assert isinstance(inside, Message)
    return inside


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_the_open_message_is_forwarded_as_a_file_and_no_other(
    pages: MailPages, lying: LyingRig, is_encrypted: bool
) -> None:
    uid = open_letter(pages, lying, letter(lying, "Opened", is_encrypted=is_encrypted))
    with lying.bridge.giving(letter(lying, "Other", is_encrypted=is_encrypted), instead_of=uid):
        forwarded = forwarded_whole(pages, lying).as_bytes()
    assert b"Opened, inside" in forwarded
    assert b"Other" not in forwarded


def test_a_large_message_that_has_changed_is_not_forwarded_as_a_file(pages: MailPages, lying: LyingRig) -> None:
    uid = open_letter(pages, lying, letter(lying, "Opened", padding=LARGE_BYTES))
    with lying.bridge.giving(letter(lying, "Other", padding=LARGE_BYTES), instead_of=uid):
        pages.page.click(named("forward-whole"))
        pages.page.wait_for_text(REFUSED, selector=named("answer-error"), timeout_seconds=OPERATION_SECONDS)
        assert pages.page.js(f"() => document.querySelector('{named('compose-form')}') === null")
        assert pages.page.text(named("answer-error")).count(REFUSED) == 1
    assert b"Opened, inside" in forwarded_whole(pages, lying).as_bytes()


@pytest.mark.parametrize("padding", [0, LARGE_BYTES])
def test_the_source_is_that_of_the_open_message(pages: MailPages, lying: LyingRig, padding: int) -> None:
    alice, bob = lying.stack.accounts
    opened = signed_and_encrypted(
        bob, alice, mail(multipart("mixed", text("Opened"), file("x", "x/y", b"." * padding)))
    )
    uid = open_letter(pages, lying, b"X-Which: opened\r\n" + opened)
    with lying.bridge.giving(b"X-Which: other\r\n" + opened, instead_of=uid):
        pages.page.click(named("view-source"))
        if padding:
            pages.page.wait_for_text(REFUSED, selector=named("source"), timeout_seconds=OPERATION_SECONDS)
        else:
            pages.page.wait_for_text("X-Which: opened", selector=named("source-text"))


def test_the_source_of_a_message_that_was_not_opened_is_that_of_the_judged_bytes(
    pages: MailPages, lying: LyingRig
) -> None:
    bob = lying.stack.accounts[1]
    for_bob = signed_and_encrypted(bob, bob, mail(text("For Bob.")))
    uid = deliver(lying.stack, b"X-Which: opened\r\n" + for_bob)
    pages.open_message(uid)
    assert "encrypted for someone else" in pages.problem
    with lying.bridge.giving(b"X-Which: other\r\n" + for_bob, instead_of=uid):
        pages.page.click(named("view-source"))
        pages.page.wait_for_text("X-Which: opened", selector=named("source-text"))


def asking(lying: LyingRig, words: str, *, lines: int = 0) -> bytes:
    """A mail of Bob to Alice that asks for a receipt."""
    alice, bob = lying.stack.accounts
    return asking_mail(bob.identity, recipient=alice.address, words=words + f"\r\n{'.' * 76}" * lines)


def give(pages: MailPages) -> None:
    pages.page.click(named("receipt-confirm"))
    pages.page.wait_for_text("You made a signed receipt", selector=named("receipt"), timeout_seconds=OPERATION_SECONDS)


def test_a_receipt_is_given_for_the_open_message(pages: MailPages, lying: LyingRig) -> None:
    message = asking(lying, "Opened")
    uid = open_letter(pages, lying, message)
    with lying.bridge.giving(asking(lying, "Other"), instead_of=uid):
        pages.page.click(named("receipt-send"))
        give(pages)
    receipt_mail = email.message_from_bytes(lying.stack.mail_server.messages("bob@example.test")[-1].raw)
    receipt = receipt_mail.get_payload(decode=True)
    assert isinstance(receipt, bytes)
    run(ess.verify_receipt(receipt, find_signed_layer(message).signed_data, provider=NATIVE))


def test_no_receipt_is_given_for_a_large_message_that_has_changed(pages: MailPages, lying: LyingRig) -> None:
    uid = open_letter(pages, lying, asking(lying, "Opened", lines=LARGE_LINES))
    before = len(lying.stack.mail_server.messages("bob@example.test"))
    pages.page.click(named("receipt-send"))
    with lying.bridge.giving(asking(lying, "Other", lines=LARGE_LINES), instead_of=uid):
        pages.page.click(named("receipt-confirm"))
        pages.page.wait_for_text(REFUSED, selector=named("receipt-error"), timeout_seconds=OPERATION_SECONDS)
    assert len(lying.stack.mail_server.messages("bob@example.test")) == before
    # Nothing was noted, so the receipt can still be given.
    give(pages)


def test_an_answer_a_preview_and_an_attached_mail_are_of_the_open_message(pages: MailPages, lying: LyingRig) -> None:
    uid = open_letter(pages, lying, letter(lying, "Opened"))
    with lying.bridge.giving(letter(lying, "Other"), instead_of=uid):
        pages.page.click(named("preview-attachment"))
        assert pages.page.wait_for_text("Opened", selector=named("preview-text")) == "Opened"
        pages.page.js("() => document.querySelector('dialog').close()")
        pages.page.click(named("open-attached"))
        pages.page.wait_for_text("Opened, inside.", selector=named("body"), timeout_seconds=OPERATION_SECONDS)
        pages.page.click(named("view-source"))
        pages.page.wait_for_text("Opened, inside", selector=named("source-text"))
        pages.page.click(named("back-to-outer"))
        pages.page.click(named("reply"))
        pages.page.wait_for_selector(named("compose-form"), timeout_seconds=OPERATION_SECONDS)
        assert "> Opened" in pages.page.value(named("compose-text"))
        assert pages.page.value(named("compose-subject")) == "Re: Opened"
        pages.discard()


def test_an_opening_reads_the_bytes_once_although_it_gives_two_verdicts(pages: MailPages, lying: LyingRig) -> None:
    uid = deliver(lying.stack, letter(lying, "Opened", is_encrypted=False))
    pages.open_message(uid)
    assert lying.bridge.reads.count(uid) == 1


def test_a_decision_about_trust_judges_the_same_bytes_again(pages: MailPages, lying: LyingRig) -> None:
    person = strangers.stranger()
    uid = strangers.deliver(lying.stack, pages.account, person, "Opened")
    other = strangers.deliver(lying.stack, pages.account, person, "Other")
    raw = lying.stack.mail_server.messages(pages.account.address)[-1].raw
    assert lying.stack.mail_server.messages(pages.account.address)[-1].uid == other
    pages.open_message(uid)
    with lying.bridge.giving(raw, instead_of=uid):
        strangers.open_why(pages)
        pages.page.click(named("accept-exact"))
        pages.page.wait_for_selector(named("accept-dialog"))
        pages.page.click(named("accept-compared"))
        pages.page.click(named("accept-go"))
        strangers.wait_for_state(pages, "verified")
        assert pages.page.text(named("subject")) == "Opened"


def test_a_message_can_be_left_while_it_is_forwarded(pages: MailPages, lying: LyingRig) -> None:
    welcome = strangers.welcome_of(lying.stack, pages.account)
    open_letter(pages, lying, letter(lying, "Opened", padding=LARGE_BYTES))
    pages.page.js(
        f"() => {{ document.querySelector('{named('forward-whole')}').click(); location.hash = '#/folder/inbox'; }}"
    )
    pages.page.wait_for_selector(named("compose-form"), timeout_seconds=OPERATION_SECONDS)
    pages.discard()
    pages.open_message(welcome)
    assert pages.state == "verified"


def test_a_draft_is_continued_from_the_bytes_that_named_it(pages: MailPages, lying: LyingRig) -> None:
    put_draft(lying.stack, str(uuid4()), "The lighthouse keeper")
    open_drafts(pages)
    pages.page.wait_for_text("Dusk", selector=named("message-row"), timeout_seconds=OPERATION_SECONDS)
    lying.bridge.reads.clear()
    open_only_draft(pages)
    wait_for_text(pages, "The lighthouse keeper")
    assert len(lying.bridge.reads) == 1
    discard(pages, lying.stack)
