"""Answers in the pages: to all, forwarded with the files or as a file, and the question about doubtful recipients."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage, Message
from email.utils import format_datetime

import pytest

from smime_core.blocking import encrypt_bytes, encrypt_entity, run, sign_entity
from smime_core.cms.recipients.encrypting import Encrypting
from smime_core.cms.recipients.keys import Keys
from smime_core.cms.signing import Signing
from smime_core.mail import ProtectionMode, protect_headers
from smime_core.message import decrypt_message
from smime_core.mime.assemble import build_pkcs7_mime
from smime_core.providers.native import NativeProvider
from tests.support.pages.driver import OPERATION_SECONDS, MailPages, named
from tests.support.pages.signed_in import alice_all_along as alice_all_along
from webbridge.demo.accounts import Account
from webbridge.demo.stack import DemoStack

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.thorough]

PEOPLE = "() => [...document.querySelectorAll('[data-test=recipient]')].map(({ dataset }) => dataset.address)"
CHIPS = "() => [...document.querySelectorAll('.chip-words bdi:first-child')].map(({ textContent }) => textContent)"
FILES = "() => document.querySelector('[data-test=compose-attachments]').textContent"
CAROL = "carol@example.test"


@pytest.fixture(scope="module")
def plain(demo_stack: DemoStack) -> int:
    """The UID of a message without protection from Bob to Alice and Carol, with a file."""
    alice, bob = demo_stack.accounts[:2]
    message = EmailMessage()
    message["From"] = f"Bob Bridge <{bob.address}>"
    message["To"] = f"Alice <{alice.address}>, Carol Cable <{CAROL}>"
    message["Subject"] = "The ferry"
    message["Date"] = format_datetime(datetime.now(UTC))
    message.set_content("It leaves at nine.\n")
    message.add_attachment(b"08:00 09:00", maintype="application", subtype="octet-stream", filename="times.bin")
    return demo_stack.mail_server.append(alice.address, message.as_bytes(policy=email.policy.SMTP))


def begin(pages: MailPages, uid: int, action: str) -> None:
    pages.open_message(uid)
    pages.page.click(named(action))
    pages.page.wait_for_selector(named("compose-form"), timeout_seconds=OPERATION_SECONDS)


def test_a_reply_to_all_keeps_the_names(alice: MailPages, plain: int, bob: Account) -> None:
    begin(alice, plain, "reply-all")
    assert alice.page.js(PEOPLE) == [bob.address, CAROL]
    assert alice.page.js(CHIPS) == ["Bob Bridge", "Carol Cable"]
    assert "> It leaves at nine." in alice.page.value(named("compose-text"))
    alice.discard()


@pytest.mark.thorough(False)
def test_a_forwarded_message_has_its_words_and_files(alice: MailPages, plain: int) -> None:
    begin(alice, plain, "forward")
    assert "times.bin" in alice.page.js(FILES)
    assert "It leaves at nine." in alice.page.value(named("compose-text"))
    assert alice.page.value(named("compose-subject")) == "Fwd: The ferry"
    assert alice.page.js(PEOPLE) == []
    alice.discard()


@pytest.mark.parametrize("action", ["reply", "forward"])
def test_an_answer_quotes_the_shown_words_and_no_other_alternative(
    alice: MailPages, bob: Account, demo_stack: DemoStack, action: str
) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = bob.address, alice.account.address, "Lunch"
    message.set_content("I sell you my house.\n")
    message.add_alternative("<p>Lunch at <b>noon</b>?</p>", subtype="html")
    uid = demo_stack.mail_server.append(alice.account.address, message.as_bytes(policy=email.policy.SMTP))
    begin(alice, uid, action)
    written = alice.page.value(named("compose-text"))
    assert "Lunch at noon?" in written
    assert "house" not in written
    alice.discard()


def test_a_message_is_forwarded_as_a_file(alice: MailPages, bob: Account, demo_stack: DemoStack) -> None:
    welcome = demo_stack.mail_server.messages(alice.account.address)[0]
    begin(alice, welcome.uid, "forward-whole")
    assert "message.eml" in alice.page.js(FILES)
    assert alice.page.value(named("compose-text")) == ""
    alice.page.fill(named("compose-to"), bob.address + ",")
    alice.send()
    sent = demo_stack.mail_server.messages(bob.address)[-1].raw
    opened = run(decrypt_message(sent, Keys(identities=[bob.identity]), provider=NativeProvider()))
    (inner,) = [part for part in email.message_from_bytes(opened).walk() if part.get_content_type() == "message/rfc822"]
    payload = inner.get_payload()
    assert isinstance(payload, list)
    forwarded = payload[0]
    assert isinstance(forwarded, Message)
    assert forwarded["From"] == email.message_from_bytes(welcome.raw)["From"]
    # Bob has no key to a message for Alice, so it is forwarded without its encryption.
    assert "enveloped" not in str(forwarded["Content-Type"])


@pytest.mark.parametrize("form", ['"Bob <{1}>" <{0}>', "(for <{1}>) {0}", "=?utf-8?q?=3C{1}=3E?= <{0}>", "Us: <{0}>;"])
def test_a_reply_goes_to_the_proved_sender_in_whatever_form_from_is_written(
    alice: MailPages, bob: Account, demo_stack: DemoStack, form: str
) -> None:
    head = f"From: {form.format(bob.address, CAROL)}\r\nTo: {alice.account.address}\r\nSubject: Old\r\n"
    message = signed_by(bob, head, encrypted_for=alice.account)
    begin(alice, demo_stack.mail_server.append(alice.account.address, message), "reply")
    assert alice.page.js(PEOPLE) == [bob.address]
    assert CAROL not in alice.page.value(named("compose-text"))
    alice.discard()


def test_a_changed_from_outside_does_not_lead_a_reply_astray(
    alice: MailPages, bob: Account, demo_stack: DemoStack
) -> None:
    head = f"From: {bob.address}\r\nTo: {alice.account.address}\r\nSubject: Old\r\n"
    message = signed_by(bob, head, protects=True).replace(f"From: {bob.address}".encode(), f"From: {CAROL}".encode(), 1)
    begin(alice, demo_stack.mail_server.append(alice.account.address, message), "reply")
    assert alice.page.js(PEOPLE) == [bob.address]
    alice.discard()


def signed_by(bob: Account, head: str, *, encrypted_for: Account | None = None, protects: bool = False) -> bytes:
    """A message that Bob has signed."""
    outer, entity = head.encode(), b"Content-Type: text/plain\r\n\r\nThe third lighthouse.\r\n"
    if protects:
        outer, entity = protect_headers(outer, entity, mode=ProtectionMode.CLEAR)
    entity = sign_entity(
        entity, Signing(identities=[bob.identity], signing_time=datetime.now(UTC)), provider=NativeProvider()
    )
    if encrypted_for is not None:
        recipients = [encrypted_for.identity.certificate]
        entity = encrypt_entity(entity, Encrypting(recipients=recipients), provider=NativeProvider())
    return outer + entity


def test_people_whom_nothing_proves_are_asked_about(alice: MailPages, bob: Account, demo_stack: DemoStack) -> None:
    encrypted = encrypt_bytes(
        b"Content-Type: text/plain\r\n\r\nThe third lighthouse.\r\n",
        Encrypting(recipients=[alice.account.identity.certificate]),
        provider=NativeProvider(),
    )
    heads = f"From: {bob.address}\r\nTo: {alice.account.address}, {CAROL}\r\nSubject: Old\r\n".encode()
    message = build_pkcs7_mime(heads, encrypted, "enveloped-data")
    begin(alice, demo_stack.mail_server.append(alice.account.address, message), "reply-all")
    # Anybody could have encrypted the message and have written its From.
    assert alice.page.js(PEOPLE) == []
    assert bob.address in alice.page.text("[data-note=doubtful]")
    assert CAROL in alice.page.text("[data-note=doubtful]")
    alice.page.click(named("doubtful-add"))
    assert alice.page.js(PEOPLE) == [bob.address, CAROL]
    alice.discard()


def test_an_answer_to_hundreds_is_refused_with_a_sentence(
    alice: MailPages, bob: Account, demo_stack: DemoStack
) -> None:
    to = ",\r\n ".join(f"p{number}@example.test" for number in range(300))
    message = f"From: {bob.address}\r\nTo: {to}\r\nSubject: Many\r\n\r\nHello all.\r\n".encode()
    alice.open_message(demo_stack.mail_server.append(alice.account.address, message))
    alice.page.click(named("reply-all"))
    assert "300" in alice.page.text(named("answer-error"))
    alice.page.click(named("reply"))
    alice.page.wait_for_selector(named("compose-form"), timeout_seconds=OPERATION_SECONDS)
    assert alice.page.js(PEOPLE) == [bob.address]
    alice.discard()


@pytest.mark.thorough(False)
def test_a_reply_that_is_wanted_elsewhere_is_asked_about(alice: MailPages, bob: Account, demo_stack: DemoStack) -> None:
    head = f"From: {bob.address}\r\nReply-To: {CAROL}\r\nTo: {alice.account.address}\r\nSubject: Old\r\n"
    begin(alice, demo_stack.mail_server.append(alice.account.address, f"{head}\r\nOff at nine.\r\n".encode()), "reply")
    assert alice.page.js(PEOPLE) == [bob.address]
    assert CAROL in alice.page.text("[data-note=reply-to]")
    alice.page.click(named("reply-to-take"))
    assert alice.page.js(PEOPLE) == [CAROL]
    alice.discard()
