"""Signed receipts in the pages: a letter asks for one, the reader gives it by a click, the sender sees who gave one."""

from __future__ import annotations

import email
from collections.abc import Iterator

import pytest
from pymap.backend.dict.mailbox import MailboxData
from pymap.parsing.specials.flag import Wildcard, get_system_flags

from smime_core import ess
from smime_core.blocking import run
from smime_core.cms import find_signed_layer
from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.extension.receipt_mails import NATIVE, asking_mail, decrypted, receipt_mail
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.received import deliver, pages as pages, stack as stack
from tests.support.pages.reloads import wait_until_unlocked
from webbridge.demo.stack import DemoStack

IN_PAGE = page_scripts("pages/receipts.js")


pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

NOTE = named("receipt")
# All that the browser has of receipts, with the bytes as text; null without a database.
STORED = IN_PAGE["stored"]
# From now on the browser has no room for records of receipts.
FULL = IN_PAGE["full"]


@pytest.fixture(scope="module", autouse=True)
def keywords() -> Iterator[None]:
    """The mail server of the demonstration keeps keywords, as most servers do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MailboxData, "permanent_flags", property(lambda _: get_system_flags() | {Wildcard}))
        yield


@pytest.fixture(scope="module")
def bob(browser: Browser, stack: DemoStack) -> Iterator[MailPages]:
    """Bob's pages with unlocked keys."""
    pages = MailPages(browser, stack.pages_url, stack.accounts[1])
    pages.enter()
    yield pages
    pages.close()


def latest(stack: DemoStack, reader: int) -> tuple[int, bytes]:
    """The UID and the bytes of the latest message in an inbox."""
    message = stack.mail_server.messages(stack.accounts[reader].address)[-1]
    return message.uid, message.raw


def begin_asking(pages: MailPages, stack: DemoStack, subject: str) -> None:
    pages.write(to=stack.accounts[1].address, subject=subject, text="Turn left at the lighthouse.")
    pages.page.click(f"{named('more')} summary")
    pages.page.click(named("switch-receipt"))
    pages.page.wait_for_text(
        "It asks for a signed receipt.", selector=named("leaves"), timeout_seconds=OPERATION_SECONDS
    )


def ask(pages: MailPages, stack: DemoStack, subject: str = "The lighthouse") -> bytes:
    """Send a letter from Alice to Bob that asks for a receipt, and return it as Bob got it."""
    begin_asking(pages, stack, subject)
    pages.send()
    return latest(stack, 1)[1]


def asked_by_bob(stack: DemoStack, *further: str, encrypted: bool = True) -> bytes:
    """A mail of Bob to Alice, of another program, that asks for receipts to Bob and further addresses."""
    alice, bob = stack.accounts
    reader = alice.identity if encrypted else None
    return asking_mail(bob.identity, recipient=alice.address, reader=reader, to=(bob.address,), more=further)


def receipt(stack: DemoStack, message: bytes, *, by: int = 1, number: int = 1) -> bytes:
    """The receipt of another program for a message of Alice to Bob."""
    alice, bob = stack.accounts
    return receipt_mail(
        message, by=stack.accounts[by].identity, sender=alice.identity, reader=bob.identity, number=number
    )


def read(pages: MailPages, stack: DemoStack, message: bytes) -> str:
    """Deliver a message to Alice, open it, and return its state."""
    pages.open_message(deliver(stack, message))
    return pages.state


def note(pages: MailPages, words: str) -> str:
    return pages.page.wait_for_text(words, selector=NOTE).replace("⁨", "").replace("⁩", "")


def give(pages: MailPages) -> None:
    pages.page.click(named("receipt-send"))
    pages.page.click(named("receipt-confirm"))


@pytest.mark.thorough(False)
def test_the_reader_is_asked_and_the_sender_sees_who_opened_the_message(
    pages: MailPages, bob: MailPages, stack: DemoStack
) -> None:
    message = ask(pages, stack)
    assert read(pages, stack, message) == "verified"
    note(pages, "No verified one has been opened here yet")
    before = len(stack.mail_server.messages(pages.account.address))
    bob.open_message(latest(stack, 1)[0])
    assert pages.account.address in note(bob, "asks for a signed receipt")
    bob.page.click(named("receipt-send"))
    assert f"tells {pages.account.address} that you opened" in bob.page.text(named("receipt-tells")).replace(
        "⁨", ""
    ).replace("⁩", "")
    assert len(stack.mail_server.messages(pages.account.address)) == before
    bob.page.click(named("receipt-confirm"))
    note(bob, "You made a signed receipt for this message")
    uid, _ = latest(stack, 0)
    pages.open_message(uid)
    assert pages.state == "verified"
    assert bob.account.address in note(pages, "opened your message of")
    # The records of sent requests and arrived receipts are kept over a lock, and nothing of them is in clear.
    stored = pages.page.js(STORED)
    assert len(stored) == 1
    assert all(word not in stored[0] for word in ("bob", "Bob", "alice", "receipts"))
    pages.page.click(named("lock"))
    pages.unlock()
    wait_until_unlocked(pages)
    read(pages, stack, message)
    assert f"Bob <{bob.account.address}> opened and verified this message" in note(pages, "opened and verified")


def test_wrong_receipts_are_said_in_words_and_never_green(pages: MailPages, stack: DemoStack) -> None:
    message, other = ask(pages, stack), ask(pages, stack, "Another one")
    good = receipt(stack, message)
    assert read(pages, stack, receipt(stack, message, by=0)) == "signed-unverified"
    pages.page.wait_for_text("was not a recipient")
    never_sent = asking_mail(stack.accounts[0].identity, recipient=stack.accounts[1].address)
    assert read(pages, stack, receipt(stack, never_sent)) == "signed-unverified"
    pages.page.wait_for_text("for no message that was sent")
    assert read(pages, stack, good.replace(b"From: bob@", b"From: eve@")) == "invalid"
    read(pages, stack, message)
    sentence = note(pages, "does not match this message")
    assert "No verified one" in sentence
    assert "opened and verified" not in sentence
    # A receipt of one message says nothing about another.
    read(pages, stack, other)
    assert "does not match" not in note(pages, "You asked for a signed receipt")
    assert read(pages, stack, good) == "verified"
    # The same mail may be opened again. Its copy in another mail, and a second receipt, prove nothing more.
    assert read(pages, stack, good) == "verified"
    assert read(pages, stack, good.replace(b"receipt1@", b"receipt2@")) == "signed-unverified"
    pages.page.wait_for_text("has arrived before")
    assert read(pages, stack, receipt(stack, message, number=3)) == "signed-unverified"
    read(pages, stack, message)
    assert note(pages, "opened and verified").count("opened and verified") == 1


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_receipt_for_another_program_verifies_there_and_is_given_once(
    pages: MailPages, stack: DemoStack, encrypted: bool
) -> None:
    alice, bob = stack.accounts
    message = asked_by_bob(stack, encrypted=encrypted)
    assert read(pages, stack, message) == "verified"
    before = len(stack.mail_server.messages(bob.address))
    note(pages, "asks for a signed receipt")
    pages.page.click(named("receipt-not-now"))
    pages.page.wait_for(f"() => document.querySelector('{NOTE}') === null")
    read(pages, stack, message)
    pages.page.click(named("receipt-send"))
    pages.page.click(named("receipt-leave"))
    assert len(stack.mail_server.messages(bob.address)) == before
    give(pages)
    note(pages, "You made a signed receipt")
    mail = email.message_from_bytes(latest(stack, 1)[1])
    assert (mail["To"], mail["In-Reply-To"]) == (bob.address, "<asking@example.test>")
    cms = mail.get_payload(decode=True)
    assert isinstance(cms, bytes)
    signed = find_signed_layer(decrypted(message, alice.identity)).signed_data
    assert run(ess.verify_receipt(cms, signed, provider=NATIVE)).certificate == alice.identity.certificate
    # The question does not come again.
    read(pages, stack, message)
    note(pages, "You made a signed receipt")
    assert pages.page.js(f"() => document.querySelector('{named('receipt-send')}')") is None


def test_another_browser_of_the_reader_gives_no_second_receipt(
    browser: Browser, pages: MailPages, stack: DemoStack
) -> None:
    bob = stack.accounts[1]
    other = MailPages(browser, stack.pages_url, stack.accounts[0])
    other.enter()
    uid = deliver(stack, asked_by_bob(stack))
    other.open_message(uid)
    note(other, "asks for a signed receipt")
    pages.open_message(uid)
    before = len(stack.mail_server.messages(bob.address))
    give(pages)
    assert "Only this browser" not in note(pages, "You made a signed receipt")
    # The other browser had opened the message before that.
    give(other)
    other.page.wait_for_text("already sent", selector=named("receipt-error"), timeout_seconds=OPERATION_SECONDS)
    other.page.click(named("receipt-leave"))
    other.open_message(uid)
    note(other, "already sent, earlier or from another browser")
    assert other.page.js(f"() => document.querySelector('{named('receipt-send')}')") is None
    assert len(stack.mail_server.messages(bob.address)) == before + 1
    # In the browser that has given it, its own record says when.
    pages.open_message(uid)
    note(pages, "You made a signed receipt")
    other.close()


@pytest.mark.thorough(False)
def test_the_keyword_is_noted_before_the_receipt_and_its_failure_is_told(browser: Browser, stack: DemoStack) -> None:
    page = browser.open(stack.pages_url)
    outcomes = page.js(IN_PAGE["theKeywordIsNotedBeforeTheReceiptAndItsFailureIsTold"])
    elsewhere = ["receipt-given-elsewhere", True]
    assert outcomes[:4] == [[True, True], [False, False], [False, False], [False, False]]
    assert outcomes[4:] == [elsewhere, elsewhere, ["unreachable", False], ["unreachable", False]]
    page.close()


def test_all_who_get_the_receipt_are_named_and_a_request_to_very_many_is_not_offered(
    pages: MailPages, stack: DemoStack
) -> None:
    read(pages, stack, asked_by_bob(stack, "eve@elsewhere.test"))
    pages.page.click(named("receipt-send"))
    assert "eve@elsewhere.test" in pages.page.text(named("receipt-tells"))
    sentence = pages.page.text(named("receipt-elsewhere"))
    assert "eve@elsewhere.test" in sentence
    assert "bob@" not in sentence
    pages.page.click(named("receipt-leave"))
    thousand = [f"eve{number}@elsewhere.test" for number in range(1000)]
    assert read(pages, stack, asked_by_bob(stack, *thousand)) == "verified"
    assert pages.page.js(f"() => document.querySelector('{NOTE}')") is None
    assert read(pages, stack, asked_by_bob(stack, *thousand[:10])) == "verified"
    note(pages, "more than 10 addresses")
    assert pages.page.js(f"() => document.querySelector('{named('receipt-send')}')") is None
    for no_address in ("eve@x.test, dave@x.test", "Eve <eve@x.test>", "eve@x.test\r\nBcc: dave@x.test"):
        assert read(pages, stack, asked_by_bob(stack, no_address)) == "verified"
        assert pages.page.js(f"() => document.querySelector('{NOTE}')") is None


def test_doubtful_mail_and_mail_of_oneself_asks_for_nothing(pages: MailPages, stack: DemoStack) -> None:
    alice = stack.accounts[0]
    mail = asked_by_bob(stack, encrypted=False)
    for asking, state in (
        (mail.replace(b"Turn left", b"Turn right"), "invalid"),
        (mail.replace(b"From: bob@", b"From: eve@"), "invalid"),
        (asking_mail(alice.identity, recipient=alice.address, to=("eve@elsewhere.test",)), "verified"),
    ):
        assert read(pages, stack, asking) == state
        assert pages.page.js(f"() => document.querySelector('{NOTE}')") is None


def test_without_room_nothing_leaves_and_the_letter_stays(pages: MailPages, stack: DemoStack) -> None:
    bob = stack.accounts[1].address
    begin_asking(pages, stack, "No room")
    before = len(stack.mail_server.messages(bob))
    pages.page.js(FULL)
    try:
        pages.wait_until_sendable()
        pages.page.click(named("send"))
        pages.page.wait_for_text("Nothing was sent", selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
        assert pages.page.value(named("compose-text")) == "Turn left at the lighthouse."
        pages.page.click(named("switch-receipt"))
        pages.send()
        assert len(stack.mail_server.messages(bob)) == before + 1
        read(pages, stack, asked_by_bob(stack))
        give(pages)
        pages.page.wait_for_text("nothing was sent", selector=named("receipt-error"), timeout_seconds=OPERATION_SECONDS)
    finally:
        pages.page.js("() => room()")
    assert len(stack.mail_server.messages(bob)) == before + 1
    pages.page.click(named("receipt-confirm"))
    note(pages, "You made a signed receipt")
    assert len(stack.mail_server.messages(bob)) == before + 2


def test_whoever_does_not_want_to_be_asked_is_not(pages: MailPages, stack: DemoStack) -> None:
    pages.page.js("() => { location.hash = '#/settings/reading'; }")
    pages.page.click(named("receipts-never"))
    read(pages, stack, asked_by_bob(stack))
    assert pages.page.js(f"() => document.querySelector('{NOTE}')") is None
    pages.page.js("() => { location.hash = '#/settings/reading'; }")
    pages.page.click(named("receipts-never"))
    read(pages, stack, asked_by_bob(stack))
    note(pages, "asks for a signed receipt")


def test_locked_keys_leave_a_receipt_open(pages: MailPages, stack: DemoStack) -> None:
    uid = deliver(stack, receipt(stack, ask(pages, stack)))
    pages.page.click(named("lock"))
    pages.page.wait_for_selector(named("unlock-form"))
    pages.open_message(uid)
    assert pages.state == "signed-unverified"
    pages.page.wait_for_text("Your keys are locked")
    pages.page.js("() => { location.hash = '#/keys'; }")
    pages.unlock()
    wait_until_unlocked(pages)
    pages.open_message(uid)
    assert pages.state == "verified"


def test_on_another_persons_computer_requests_are_in_memory_only(browser: Browser, stack: DemoStack) -> None:
    pages = MailPages(browser, stack.pages_url, stack.accounts[0])
    pages.page.wait_for_selector(named("foreign-computer"))
    pages.page.click(named("foreign-computer"))
    pages.enter()
    message = ask(pages, stack)
    assert read(pages, stack, receipt(stack, message)) == "verified"
    read(pages, stack, message)
    note(pages, "opened and verified")
    assert pages.page.js(STORED) is None
    pages.close()
