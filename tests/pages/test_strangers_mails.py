"""The fields that the pages fill in and the words that they say because of a stranger's mail."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from smime_core import Identity
from smime_core.blocking import sign_entity
from smime_core.cms.signing import Signing
from tests.support.misread_dates import MISREAD
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.signed_in import alice_all_along as alice_all_along
from tests.support.pages.strangers import PROVIDER, STRANGER, open_why, stranger
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

PEOPLE = "() => [...document.querySelectorAll('[data-test=recipient]')].map(({ dataset }) => dataset.address)"


def protected(head: str, signer: Identity) -> bytes:
    """A mail whose header fields are protected by the signature."""
    entity = head.encode() + b'Content-Type: text/plain; hp="clear"\r\n\r\nHello\r\n'
    signing = Signing(identities=[signer], signing_time=datetime.now(UTC))
    return head.encode() + sign_entity(entity, signing, provider=PROVIDER)


@pytest.mark.parametrize("text", ["You owe 100", "28 Nov 126 10:00:00 +0000"])
def test_a_date_is_shown_as_the_report_reads_it(alice: MailPages, demo_stack: DemoStack, text: str) -> None:
    head = f"From: eve@example.test\r\nTo: {alice.account.address}\r\nSubject: The ferry\r\nDate: {text}\r\n"
    alice.open_message(demo_stack.mail_server.append(alice.account.address, head.encode() + b"\r\nHello\r\n"))
    shown = alice.page.text(named("header-date"))
    if MISREAD[text] is None:
        assert shown == text
    else:
        assert "2026" in shown


def test_a_stranger_who_signs_a_mail_of_bob_anew_adds_no_reader_to_the_answer(
    alice: MailPages, demo_stack: DemoStack
) -> None:
    bob = demo_stack.accounts[1].address
    head = f"From: {bob}\r\nTo: {alice.account.address}\r\nCc: {STRANGER}\r\nSubject: The ferry\r\n"
    alice.open_message(demo_stack.mail_server.append(alice.account.address, protected(head, stranger())))
    why = open_why(alice)
    alice.page.click(named("reply-all"))
    alice.page.wait_for_selector(named("compose-form"), timeout_seconds=OPERATION_SECONDS)
    assert alice.page.js(PEOPLE) == [], why
    assert STRANGER in alice.page.text("[data-note=doubtful]")
    alice.discard()
