"""The pages' texts about messages that were sent, refused or perhaps sent, and about rows with an unreadable header."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser.browsers import Browser
from tests.support.browser.page_scripts import page_scripts
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack
from webbridge.gateway import GatewayCode, GatewayError, ImapConnection, Offers, Outcome, submit_message
from webbridge.gateway.outgoing import OutgoingMessage
from webbridge.gateway.smtp_refusals import RecipientsRefused, Refusal
from webbridge.sending import once as sending
from webbridge.sending.offers import KnownOffers

IN_PAGE = page_scripts("pages/sending_outcomes.js")

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]


@pytest.fixture
def pages(browser: Browser, demo_stack: DemoStack, alice: Account, bob: Account) -> Iterator[MailPages]:
    """Alice with a message to Bob that is ready to be sent."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    pages.write(to=bob.address, subject="Outcome", text="Every word of it.")
    pages.wait_until_sendable()
    yield pages
    pages.close()


# The page hears that its upload failed, although it arrives later: when `sendLate` is called.
SEND_LATE = IN_PAGE["sendLateInPage"]


def message_ids(stack: DemoStack, account: Account) -> list[str]:
    """The Message-IDs in the inbox of an account, oldest first."""
    return [
        str(message_from_bytes(message.raw)["Message-ID"]) for message in stack.mail_server.messages(account.address)
    ]


def submit_silently(*arguments: object, **options: object) -> Outcome:
    """Send the message, and report that no confirmation came."""
    submit_message(*arguments, **options)  # type: ignore[arg-type]
    return Outcome.PERHAPS


def submit_and_fail(*arguments: object, **options: object) -> Outcome:
    """Send the message, and then fail before the page gets its answer."""
    submit_message(*arguments, **options)  # type: ignore[arg-type]
    raise ZeroDivisionError


def submit_and_keep(stack: DemoStack, sender: Account) -> Callable[..., Outcome]:
    """Send as `submit_silently` does, at a server that keeps a copy in Sent by itself."""

    def submit(credentials: Any, message: OutgoingMessage, recipients: list[str], **options: Any) -> Outcome:
        submit_message(credentials, message, recipients, **options)
        stack.mail_server.append(sender.address, b"".join(message.pieces()), "Sent")
        return Outcome.PERHAPS

    return submit


def refuse(*_arguments: object, **_options: object) -> Outcome:
    """Fail as a server does that refuses a message."""
    raise GatewayError(GatewayCode.MESSAGE_REFUSED, "550 no")


@pytest.mark.parametrize("way", [submit_silently, submit_and_fail])
def test_a_message_that_was_perhaps_sent_is_sent_again_only_when_asked_to(
    pages: MailPages, demo_stack: DemoStack, bob: Account, monkeypatch: pytest.MonkeyPatch, way: object
) -> None:
    before = len(message_ids(demo_stack, bob))
    monkeypatch.setattr(sending, "submit_message", way)
    pages.page.click(named("send"))
    problem = pages.page.wait_for_text("not known", selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
    assert "may have been sent" in problem
    assert pages.page.value(named("compose-text")) == "Every word of it."
    monkeypatch.setattr(sending, "submit_message", submit_message)
    pages.page.click(named("send"))
    pages.page.wait_for_selector(named("send-again-confirm"))
    assert len(message_ids(demo_stack, bob)) == before + 1
    pages.page.click(named("send-again-confirm"))
    pages.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)
    first, second = message_ids(demo_stack, bob)[before:]
    assert first == second  # With the same Message-ID, a mail server can recognise the second message as a copy.


def test_a_message_that_was_perhaps_sent_is_looked_for_in_sent(
    pages: MailPages, demo_stack: DemoStack, alice: Account, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(message_ids(demo_stack, bob))
    monkeypatch.setattr(sending, "submit_message", submit_and_keep(demo_stack, alice))
    pages.page.click(named("send"))
    pages.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)
    pages.page.click(named("sent"))
    assert "in your Sent folder" in pages.page.text(named("sent-copy"))
    assert len(message_ids(demo_stack, bob)) == before + 1


def test_a_second_look_finds_a_copy_that_came_late(
    pages: MailPages, demo_stack: DemoStack, alice: Account, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "submit_message", submit_silently)
    pages.page.click(named("send"))
    pages.page.wait_for_text("not known", selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
    copy = demo_stack.mail_server.messages(bob.address)[-1].raw
    demo_stack.mail_server.append(alice.address, copy, "Sent")
    pages.page.click(named("look-in-sent"))
    pages.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)


def test_changed_words_are_not_shown_as_sent(pages: MailPages, demo_stack: DemoStack, bob: Account) -> None:
    """The upload was slow, and the bridge did not know its key yet when the page asked."""
    before = len(message_ids(demo_stack, bob))
    pages.page.js(SEND_LATE)
    pages.page.click(named("send"))
    pages.page.wait_for_text("does not answer", selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
    assert pages.page.js("() => window.sendLate()") == "sent"
    pages.page.fill(named("compose-text"), "Other words.")
    pages.page.click(named("send"))
    pages.page.wait_for_selector(named("send-anew-confirm"), timeout_seconds=OPERATION_SECONDS)
    assert "has not been sent to anybody" in pages.page.text(named("send-error"))
    assert len(message_ids(demo_stack, bob)) == before + 1
    pages.page.click(named("send-anew-confirm"))
    pages.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)
    assert len(message_ids(demo_stack, bob)) == before + 2


def test_an_upload_that_is_on_its_way_sends_nothing_after_the_changed_message(
    pages: MailPages, demo_stack: DemoStack, bob: Account
) -> None:
    pages.page.browser.expect_error("422")
    before = len(message_ids(demo_stack, bob))
    pages.page.js(SEND_LATE)
    pages.page.click(named("send"))
    pages.page.wait_for_text("does not answer", selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
    pages.page.fill(named("compose-text"), "Other words.")
    pages.send()
    assert len(message_ids(demo_stack, bob)) == before + 1
    assert pages.page.js("() => window.sendLate()") == "key-used"
    assert len(message_ids(demo_stack, bob)) == before + 1


def test_a_look_for_an_earlier_version_does_not_show_the_changed_words_as_sent(
    pages: MailPages, demo_stack: DemoStack, alice: Account, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "submit_message", submit_silently)
    pages.page.click(named("send"))
    pages.page.wait_for_text("not known", selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
    demo_stack.mail_server.append(alice.address, demo_stack.mail_server.messages(bob.address)[-1].raw, "Sent")
    pages.page.fill(named("compose-text"), "Other words.")
    pages.page.click(named("look-in-sent"))
    pages.page.wait_for_text("earlier version", selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
    assert pages.page.value(named("compose-text")) == "Other words."
    pages.page.click(named("send"))
    pages.page.wait_for_selector(named("send-anew-confirm"), timeout_seconds=OPERATION_SECONDS)


@pytest.mark.parametrize(
    ("is_temporary", "answer", "said", "help_offered"),
    [
        (False, "550 5.1.1 no such user", "refuses", "Correct or remove"),
        (True, "452 4.2.2 mailbox full", "does not take", "Send again in some minutes"),
    ],
    ids=["for good", "for now"],
)
def test_a_refused_recipient_is_named_with_what_helps(
    pages: MailPages,
    demo_stack: DemoStack,
    bob: Account,
    monkeypatch: pytest.MonkeyPatch,
    is_temporary: bool,
    answer: str,
    said: str,
    help_offered: str,
) -> None:
    before = len(message_ids(demo_stack, bob))
    refused = Refusal(address=bob.address, is_temporary=is_temporary, text=answer)

    def refuse_bob(*_arguments: object, **_options: object) -> Outcome:
        raise RecipientsRefused([refused])

    monkeypatch.setattr(sending, "submit_message", refuse_bob)
    pages.page.click(named("send"))
    shown = pages.page.wait_for_text(answer[10:], selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
    assert f"{said} {bob.address}" in shown
    assert help_offered in shown
    assert "Nobody has received the message." in shown
    monkeypatch.setattr(sending, "submit_message", submit_message)
    pages.send()
    assert len(message_ids(demo_stack, bob)) == before + 1


def test_a_refused_message_says_so_and_is_sent_without_a_question(
    pages: MailPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "submit_message", refuse)
    pages.page.click(named("send"))
    pages.page.wait_for_text("refuses", selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
    monkeypatch.setattr(sending, "submit_message", submit_message)
    pages.send()


@pytest.mark.thorough(False)
def test_a_copy_that_is_not_kept_is_no_failure_to_send(pages: MailPages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImapConnection, "append", refuse)
    pages.page.click(named("send"))
    pages.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)
    assert "did not keep a copy" in pages.page.text(named("act-notice-text"))


def test_a_session_that_has_ended_keeps_the_message_which_is_then_sent_once(
    pages: MailPages, demo_stack: DemoStack, alice: Account, bob: Account
) -> None:
    pages.page.browser.expect_error("401")
    before = len(message_ids(demo_stack, bob))
    ended = pages.page.js(
        IN_PAGE["aSessionThatHasEndedKeepsTheMessageWhichIsThenSentOnce"],
        demo_stack.api_url,
    )
    assert ended == 204
    pages.page.click(named("send"))
    pages.page.wait_for_selector(named("sign-in-address"), timeout_seconds=OPERATION_SECONDS)
    assert "what you wrote is still here" in pages.page.text(named("session-ended"))
    pages.sign_in()
    pages.page.wait_for_selector(named("compose-text"), timeout_seconds=OPERATION_SECONDS)
    assert pages.page.value(named("compose-text")) == "Every word of it."
    pages.send()
    assert len(message_ids(demo_stack, bob)) == before + 1


def test_a_letter_is_too_large_before_it_is_sent(
    browser: Browser,
    demo_stack: DemoStack,
    alice: Account,
    bob: Account,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    small = Offers(max_bytes=2_000_000, eight_bit=True, utf8=False, reports=False)
    monkeypatch.setattr(KnownOffers, "of", lambda _self, _server: small)
    attachment = tmp_path / "large.bin"
    attachment.write_bytes(bytes(2_000_000))
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    pages.write(to=bob.address, subject="Large", text="With a file.")
    pages.page.choose_files(named("compose-file"), [attachment])
    pages.page.wait_for_text("larger than the 2 MB", selector=named("obstacle"))
    pages.close()


def test_an_address_that_the_mail_server_cannot_take_is_named_before_the_message_is_sent(
    browser: Browser, demo_stack: DemoStack, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Offers(max_bytes=None, eight_bit=True, utf8=False, reports=False)
    monkeypatch.setattr(KnownOffers, "of", lambda _self, _server: plain)
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    pages.write(to="josé@example.test", subject="Letters", text="Hello.")
    pages.page.wait_for_text("only unaccented letters", selector=f"{named('obstacle')}[data-code=letters]")
    pages.close()


def test_a_row_says_that_its_header_cannot_be_read_and_opens(
    browser: Browser, demo_stack: DemoStack, alice: Account
) -> None:
    hostile = b"From: ((((\r\nSubject: Torn\r\nContent-Type: text/plain; x*0*=a; x*=b\r\n\r\nThe words.\r\n"
    uid = demo_stack.mail_server.append(alice.address, hostile)
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    pages.show_inbox()
    pages.open_message(uid)
    row = f'{named("message-row")}[data-uid="{uid}"]'
    assert "cannot be read" in pages.page.text(f"{row} {named('row-problem')}")
    assert "The words." in pages.body
    pages.close()
