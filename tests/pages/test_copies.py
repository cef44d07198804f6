"""Bcc in the pages: the folded lines, a copy for each person in Bcc, and an error after only some copies were sent."""

from __future__ import annotations

import email
from collections.abc import Iterator
from typing import Any

import pytest

from smime_core.blocking import run
from smime_core.cms.recipients.keys import Keys
from smime_core.errors import SmimeError
from smime_core.message import decrypt_message
from smime_core.providers.native import NativeProvider
from tests.support.browser.browsers import Browser
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack
from webbridge.gateway import GatewayCode, GatewayError, Outcome, submit_message
from webbridge.sending import once as sending

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

VISIBLE = "(selector) => document.querySelector(selector).checkVisibility()"


@pytest.fixture
def letter(browser: Browser, demo_stack: DemoStack, alice: Account, bob: Account) -> Iterator[MailPages]:
    """A letter of Alice to herself, with Bob in Bcc."""
    pages = MailPages(browser, demo_stack.pages_url, alice)
    pages.enter()
    pages.write(to=alice.address, subject="Copies", text="Every word of it.")
    pages.page.click(named("unfold-cc-bcc"))
    pages.page.fill(named("compose-bcc"), bob.address + ",")
    pages.wait_until_sendable()
    yield pages
    pages.close()


def inbox(stack: DemoStack, account: Account) -> list[bytes]:
    return [message.raw for message in stack.mail_server.messages(account.address)]


@pytest.mark.thorough(False)
def test_a_person_in_bcc_gets_a_copy_that_the_others_cannot_see(
    letter: MailPages, demo_stack: DemoStack, alice: Account, bob: Account
) -> None:
    before = {account.address: len(inbox(demo_stack, account)) for account in (alice, bob)}
    for_all, for_hidden = letter.page.text(named("leaves")).split("Bcc:")
    assert bob.address not in for_all
    assert bob.address in for_hidden
    letter.send()
    (opened,) = inbox(demo_stack, alice)[before[alice.address] :]
    (hidden,) = inbox(demo_stack, bob)[before[bob.address] :]
    assert bob.address.encode() not in opened
    assert email.message_from_bytes(hidden)["To"] == alice.address
    ids = {email.message_from_bytes(copy)["Message-ID"] for copy in (opened, hidden)}
    assert len(ids) == 2
    with pytest.raises(SmimeError):
        run(decrypt_message(opened, Keys(identities=[bob.identity]), provider=NativeProvider()))
    read = run(decrypt_message(hidden, Keys(identities=[bob.identity]), provider=NativeProvider()))
    assert b"Every word of it." in read
    sent = demo_stack.mail_server.messages(alice.address, "Sent")[-1].raw
    assert email.message_from_bytes(sent)["Message-ID"] == email.message_from_bytes(opened)["Message-ID"]


def test_only_those_get_it_at_the_second_try_who_did_not_at_the_first(
    letter: MailPages, demo_stack: DemoStack, alice: Account, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {account.address: len(inbox(demo_stack, account)) for account in (alice, bob)}

    def submit_hidden(credentials: Any, message: Any, recipients: list[str], **options: Any) -> Outcome:
        if bob.address not in recipients:
            raise GatewayError(GatewayCode.MESSAGE_REFUSED, "550 no")
        return submit_message(credentials, message, recipients, **options)

    monkeypatch.setattr(sending, "submit_message", submit_hidden)
    letter.page.click(named("send"))
    report = letter.page.wait_for_text("was sent to", selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
    reached, *_, left = report.strip().splitlines()
    assert bob.address in reached
    assert alice.address in left
    assert letter.page.value(named("compose-text")) == "Every word of it."
    monkeypatch.setattr(sending, "submit_message", submit_message)
    letter.send()
    assert len(inbox(demo_stack, bob)) == before[bob.address] + 1
    assert len(inbox(demo_stack, alice)) == before[alice.address] + 1


def test_another_version_asks_after_a_copy_was_sent(
    letter: MailPages, demo_stack: DemoStack, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(inbox(demo_stack, bob))

    def submit_hidden(credentials: Any, message: Any, recipients: list[str], **options: Any) -> Outcome:
        if bob.address not in recipients:
            raise GatewayError(GatewayCode.MESSAGE_REFUSED, "550 no")
        return submit_message(credentials, message, recipients, **options)

    monkeypatch.setattr(sending, "submit_message", submit_hidden)
    letter.page.click(named("send"))
    letter.page.wait_for_text("was sent to", selector=named("send-error"), timeout_seconds=OPERATION_SECONDS)
    monkeypatch.setattr(sending, "submit_message", submit_message)
    letter.page.fill(named("compose-text"), "Other words.")
    letter.page.click(named("send"))
    letter.page.wait_for_selector(named("send-anew-confirm"), timeout_seconds=OPERATION_SECONDS)
    assert len(inbox(demo_stack, bob)) == before + 1
    letter.page.click(named("send-anew-confirm"))
    letter.page.wait_for_selector(named("sent"), timeout_seconds=OPERATION_SECONDS)
    assert len(inbox(demo_stack, bob)) == before + 2


def test_cc_and_bcc_are_folded_until_they_are_used(letter: MailPages) -> None:
    letter.page.wait_for(f"() => document.querySelector('{named('bcc-hint')}').checkVisibility()")
    assert not letter.page.js(VISIBLE, named("unfold-cc-bcc"))
    letter.page.click(named("discard"))
    letter.page.click(named("write"))
    letter.page.wait_for_selector(named("compose-form"))
    assert [letter.page.js(VISIBLE, named(name)) for name in ("unfold-cc-bcc", "compose-cc", "compose-bcc")] == [
        True,
        False,
        False,
    ]
