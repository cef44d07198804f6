"""Answers to parcels: taken once, passed on to the sender by mail, and read there by the core and by openssl."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from sealwax.notices.outbox import LONGEST_PAUSE_SECONDS
from sealwax.notices.submission import Submission
from smime_core import AES_256_CBC, AES_256_GCM, Encrypting, Identity, Keys, Signing
from smime_core.asn1 import der
from smime_core.blocking import decrypt_message, encrypt_bytes, run, sign_bytes
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.cms import build_content_info, parse_content_info
from smime_core.mail import Draft as Mail, build_mail
from smime_core.mime import split_message
from smime_core.providers.native import NativeProvider
from tests.support.clock import FakeClock
from tests.support.parcel_rows import SERVICE, TOKENS, config_of
from tests.support.servers.bridge import API, error_of
from tests.support.servers.late_bodies import LateBody
from tests.support.servers.mailboxes import ALICE
from tests.support.servers.parcels import DAY, FROM_PAGES, Draft, Recipient, Rig, Sender, bridge_config, store_config
from tests.support.servers.post import Post
from webbridge import create_app
from webbridge.database.tables import PARCEL_ANSWER, PARCEL_NOTICE
from webbridge.delivery import answers
from webbridge.delivery.limits import KEPT_SECONDS, MAX_ANSWERS
from webbridge.delivery.notices.outbox import ParcelOutbox
from webbridge.delivery.notices.sending import ParcelNoticeSender
from webbridge.services import services_of

pytestmark = pytest.mark.server

PROVIDER = NativeProvider()
CMS = "application/pkcs7-mime"
MOST_BYTES = 100_000
TEXT = "Here is the contract, signed."


@pytest.fixture(scope="module")
def alice() -> Identity:
    now = FakeClock().at
    authority = run(create_authority("A CA of tests", provider=PROVIDER, at=now))
    return run(issue_identity(authority, ALICE, provider=PROVIDER, at=now))


@pytest.fixture
def rig(database_url: str, store: Path, clock: FakeClock, submission: Submission) -> Iterator[Rig]:
    parcels = store_config(store, max_answer_bytes=MOST_BYTES)
    app = create_app(
        replace(bridge_config(database_url, clock, parcels), parcel_notices=config_of(submission)),
    )
    yield Rig(app, clock)
    services_of(app).close()


@pytest.fixture
def send(rig: Rig, submission: Submission, clock: FakeClock) -> Callable[[], None]:
    """Send the mails that are due, and no notice to the recipient."""
    return ParcelNoticeSender(services_of(rig.app).database, config_of(submission), clock, TOKENS).send_due


@pytest.fixture
def draft(sender: Sender, send: Callable[[], None], post: Post) -> Draft:
    made = Draft()
    sender.send_whole(made)
    send()
    post.mails.clear()
    post.raw.clear()
    return made


def encrypted(alice: Identity, text: str = TEXT, **options: Any) -> bytes:
    mail = Mail(
        sender=SERVICE, to=[ALICE], subject="Re: The contract", text=text, date=FakeClock().at, message_id="<1@x>"
    )
    entity = split_message(build_mail(mail))[1]
    return encrypt_bytes(entity, Encrypting(recipients=[alice.certificate], **options), PROVIDER)


def answer(
    recipient: Recipient, ticket: str, cms: bytes, *, key: str | None = None, content_type: str = CMS
) -> TestResponse:
    named = {"Authorization": f"Parcel {ticket}", "Idempotency-Key": secrets.token_urlsafe(24) if key is None else key}
    return recipient.client.post(
        "/api/open/answer",
        base_url=API,
        headers=FROM_PAGES | named,
        data=cms,
        content_type=content_type,
        buffered=True,
    )


def states_of(sender: Sender, draft: Draft) -> list[dict[str, str]]:
    return [row for row in sender.show(draft)["states"] if row["state"] == "answered"]


@pytest.mark.parametrize("cipher", [AES_256_CBC, AES_256_GCM], ids=["cbc", "gcm"])
def test_the_sender_reads_an_answer_in_ordinary_mail(
    draft: Draft,
    sender: Sender,
    recipient: Recipient,
    alice: Identity,
    send: Callable[[], None],
    post: Post,
    cipher: Any,
) -> None:
    taken = answer(recipient, recipient.ticket(draft), encrypted(alice, cipher=cipher))
    assert taken.status_code == 200
    reference = sender.show(draft)["reference"]
    assert taken.get_json() == {"reference": reference, "left": MAX_ANSWERS - 1}
    assert states_of(sender, draft) == []
    send()
    (mail,) = post.mails
    assert (mail["From"].addresses[0].addr_spec, mail["To"], post.recipients[-1]) == (SERVICE, ALICE, [ALICE])
    assert mail["Subject"] == f"Reply to secure message {reference}"
    read = decrypt_message(post.raw[0], Keys(identities=[alice]), PROVIDER)
    assert TEXT.encode() in read
    assert states_of(sender, draft) == [{"state": "answered", "at": "2026-11-20T12:00:00Z", "by": "service"}]


def test_openssl_decrypts_the_mail(
    draft: Draft, recipient: Recipient, alice: Identity, send: Callable[[], None], post: Post, tmp_path: Path
) -> None:
    answer(recipient, recipient.ticket(draft), encrypted(alice))
    send()
    mail, key = tmp_path / "mail.eml", tmp_path / "key.der"
    mail.write_bytes(post.raw[0])
    key.write_bytes(alice.private_key.pkcs8_der)
    command = ["openssl", "cms", "-decrypt", "-in", str(mail), "-inkey", str(key), "-keyform", "DER"]
    read = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    assert TEXT.encode() in read


def test_a_mail_program_takes_an_answer_for_one_of_a_person(
    draft: Draft, recipient: Recipient, alice: Identity, send: Callable[[], None], post: Post
) -> None:
    """RFC 3834 section 5: only a mail that a program makes on its own is auto-submitted."""
    answer(recipient, recipient.ticket(draft), encrypted(alice))
    send()
    (mail,) = post.mails
    assert (mail["Auto-Submitted"], mail["Reply-To"]) == (None, None)
    assert mail.get_content_type() == "application/pkcs7-mime"
    assert mail.get_content_subtype() == "pkcs7-mime"
    assert "contract" not in post.raw[0].decode().lower()


def test_a_repeated_request_is_one_answer(
    draft: Draft, recipient: Recipient, alice: Identity, send: Callable[[], None], post: Post
) -> None:
    ticket, cms, key = recipient.ticket(draft), encrypted(alice), "k" * 22
    first = answer(recipient, ticket, cms, key=key).get_json()
    send()
    assert answer(recipient, ticket, cms, key=key).get_json() == first
    send()
    assert len(post.mails) == 1
    assert error_of(answer(recipient, ticket, encrypted(alice, "Another"), key=key)) == (409, "id-used")


def test_an_answer_is_sent_again_only_if_nobody_can_know_that_it_was(
    draft: Draft,
    recipient: Recipient,
    sender: Sender,
    alice: Identity,
    rig: Rig,
    send: Callable[[], None],
    post: Post,
) -> None:
    answer(recipient, recipient.ticket(draft), encrypted(alice))
    # A process that is killed after the last line of the mail.
    outbox = ParcelOutbox(services_of(rig.app).database)
    waiting = outbox.take(rig.clock())
    assert waiting is not None
    outbox.will_end(waiting, rig.clock())
    send()
    assert post.mails == []
    rig.clock.advance(seconds=6 * 60)
    for _ in range(2):
        send()
    (mail,) = post.mails
    assert str(mail["Message-ID"]).startswith(f"<{waiting.id}@")
    assert [row.get("code") for row in states_of(sender, draft)] == ["perhaps-twice"]


IN_CLEAR = der.octet_string(b"Read me, in clear")
ATTRIBUTE = der.sequence(der.oid("1.2.3.4"), der.set_of([IN_CLEAR]))


def build_unprotected(cms: bytes) -> bytes:
    """The same with a text in an unprotected attribute, in clear."""
    enveloped = parse_content_info(cms)
    inside = bytes(enveloped.content.content) + der.element(0xA1, ATTRIBUTE)
    return build_content_info(enveloped.content_type, der.sequence(inside))


def build_authenticated(cms: bytes) -> bytes:
    """The same AuthEnvelopedData with a text in an attribute that is authenticated, in clear."""
    enveloped = parse_content_info(cms)
    *fields, mac = [bytes(field.encoded) for field in der.read_children(enveloped.content)]
    return build_content_info(enveloped.content_type, der.sequence(*fields, der.element(0xA1, ATTRIBUTE), mac))


def build_for_nobody(cms: bytes) -> bytes:
    """The same with a further recipient (RFC 5652 section 6.2.5) that is a text."""
    enveloped = parse_content_info(cms)
    version, infos, *rest = der.read_children(enveloped.content)
    recipient = der.element(0xA4, der.oid("1.2.3.4"), IN_CLEAR)
    known = [bytes(info.encoded) for info in der.read_children(infos)]
    fields = [bytes(version.encoded), der.set_of([*known, recipient]), *(bytes(field.encoded) for field in rest)]
    return build_content_info(enveloped.content_type, der.sequence(*fields))


def test_nothing_in_clear_is_passed_on(draft: Draft, recipient: Recipient, alice: Identity, rig: Rig) -> None:
    cms, ticket = encrypted(alice), recipient.ticket(draft)
    unprotected = build_unprotected(cms)
    signed = sign_bytes(b"text", Signing(identities=[alice], signing_time=FakeClock().at), PROVIDER)
    for wrong in (
        b"x",
        b"Hello",
        signed,
        cms + b"text",
        cms[:-1],
        unprotected,
        build_authenticated(encrypted(alice, cipher=AES_256_GCM)),
        build_for_nobody(cms),
        build_for_nobody(encrypted(alice, cipher=AES_256_GCM)),
        encrypt_bytes(
            signed, Encrypting(recipients=[alice.certificate]), PROVIDER, content_type="1.2.840.113549.1.7.2"
        ),
        encrypted(alice, "x", cipher=AES_256_CBC).replace(
            der.oid("1.2.840.113549.1.7.3"), der.oid("1.2.840.113549.1.7.5")
        ),
    ):
        assert error_of(answer(recipient, ticket, wrong)) == (422, "answer-refused")
    assert rig.rows(PARCEL_ANSWER) == []


def test_an_answer_needs_its_key_its_type_and_its_size(draft: Draft, recipient: Recipient, alice: Identity) -> None:
    ticket, cms = recipient.ticket(draft), encrypted(alice)
    for key in ("", "short", "k" * 65, "k" * 21 + "!"):
        assert error_of(answer(recipient, ticket, cms, key=key)) == (400, "bad-request")
    assert error_of(answer(recipient, ticket, cms, content_type="text/plain")) == (415, "bad-request")
    assert error_of(answer(recipient, ticket, bytes(MOST_BYTES + 1))) == (413, "answer-too-large")


def test_a_parcel_has_so_many_answers(
    draft: Draft, recipient: Recipient, alice: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MAX_ANSWERS", 2)
    ticket, cms = recipient.ticket(draft), encrypted(alice)
    responses = [answer(recipient, ticket, cms) for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 409]
    assert error_of(responses[2]) == (409, "too-many-answers")
    assert recipient.open(draft.id, draft.proof).get_json()["answer"]["left"] == 0


def test_requests_for_one_parcel_are_counted(
    draft: Draft, recipient: Recipient, alice: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MAX_REQUESTS", 2)
    ticket = recipient.ticket(draft)
    assert [answer(recipient, ticket, b"x").status_code for _ in range(3)] == [422, 422, 429]


def test_the_opened_parcel_says_how_it_is_answered(draft: Draft, recipient: Recipient) -> None:
    opened = recipient.open(draft.id, draft.proof).get_json()
    assert opened["answer"] == {"from": f"Secure message service <{SERVICE}>", "bytes": MOST_BYTES, "left": MAX_ANSWERS}


def test_a_service_that_sends_no_mail_takes_no_answer(
    database_url: str, store: Path, clock: FakeClock, alice: Identity
) -> None:
    app = create_app(bridge_config(database_url, clock, store_config(store)))
    silent, draft = Rig(app, clock), Draft()
    silent.sender().send_whole(draft)
    recipient = silent.recipient()
    opened = recipient.open(draft.id, draft.proof).get_json()
    assert opened["answer"] is None
    assert error_of(answer(recipient, opened["ticket"], encrypted(alice))) == (404, "no-answers")
    services_of(app).close()


def test_a_ticket_that_ended_passes_nothing_on(draft: Draft, recipient: Recipient, alice: Identity, rig: Rig) -> None:
    ticket = recipient.ticket(draft)
    rig.clock.advance(seconds=DAY)
    assert error_of(answer(recipient, ticket, encrypted(alice))) == (401, "ticket-ended")
    assert error_of(answer(recipient, "x", encrypted(alice))) == (401, "ticket-ended")


def test_a_withdrawn_parcel_takes_no_answer_and_keeps_an_accepted_one(
    draft: Draft, recipient: Recipient, sender: Sender, alice: Identity, send: Callable[[], None], post: Post
) -> None:
    ticket = recipient.ticket(draft)
    assert answer(recipient, ticket, encrypted(alice)).status_code == 200
    sender.call(draft, "withdraw")
    assert error_of(answer(recipient, ticket, encrypted(alice))) == (410, "withdrawn")
    send()
    assert len(post.mails) == 1


def test_a_parcel_that_is_withdrawn_while_an_answer_comes_passes_nothing_on(
    draft: Draft, recipient: Recipient, sender: Sender, alice: Identity, send: Callable[[], None], post: Post
) -> None:
    cms = encrypted(alice)
    late = recipient.client.post(
        "/api/open/answer",
        base_url=API,
        headers=FROM_PAGES | {"Authorization": f"Parcel {recipient.ticket(draft)}", "Idempotency-Key": "k" * 22},
        input_stream=LateBody(cms, lambda: sender.call(draft, "withdraw")),
        content_length=len(cms),
        content_type=CMS,
        buffered=True,
    )
    assert error_of(late) == (410, "withdrawn")
    send()
    assert post.mails == []


def test_the_sender_learns_of_an_answer_that_the_mail_server_refuses(
    draft: Draft,
    recipient: Recipient,
    sender: Sender,
    alice: Identity,
    rig: Rig,
    send: Callable[[], None],
    post: Post,
) -> None:
    answer(recipient, recipient.ticket(draft), encrypted(alice))
    recipients: list[None] = []

    def refuse_the_first() -> None:
        recipients.append(None)
        post.refusals = {ALICE: "552 too large"} if len(recipients) == 1 else {}

    post.before_recipient = refuse_the_first
    send()
    assert [(row["recipient"], row["code"]) for row in states_of(sender, draft)] == [(ALICE, "smtp-552")]
    assert [mail["Subject"] for mail in post.mails] == [
        f"Secure message {sender.show(draft)['reference']}: a reply did not reach you"
    ]
    assert [row.cms for row in rig.rows(PARCEL_ANSWER)] == [b""]


def test_an_answer_is_given_up_after_days(
    draft: Draft,
    recipient: Recipient,
    sender: Sender,
    alice: Identity,
    rig: Rig,
    send: Callable[[], None],
    post: Post,
) -> None:
    answer(recipient, recipient.ticket(draft), encrypted(alice))
    post.answer = "451 later"
    for _ in range(30):
        send()
        rig.clock.advance(seconds=LONGEST_PAUSE_SECONDS)
    assert [row["code"] for row in states_of(sender, draft)] == ["given-up"]


@pytest.mark.parametrize("days", [-400, 4, 400])
def test_a_clock_that_jumps_gives_up_no_answer(
    days: int,
    draft: Draft,
    recipient: Recipient,
    sender: Sender,
    alice: Identity,
    rig: Rig,
    send: Callable[[], None],
    post: Post,
) -> None:
    answer(recipient, recipient.ticket(draft), encrypted(alice))
    post.answer = "451 later"
    send()
    rig.clock.advance(seconds=days * DAY)
    send()
    rig.clock.advance(seconds=-days * DAY)
    post.answer = "250 OK"
    rig.clock.advance(seconds=LONGEST_PAUSE_SECONDS)
    send()
    assert [(row["state"], row.get("code")) for row in states_of(sender, draft)] == [("answered", None)]


def test_the_bytes_of_an_answer_stay_until_it_is_sent(
    draft: Draft, recipient: Recipient, alice: Identity, rig: Rig, send: Callable[[], None]
) -> None:
    cms = encrypted(alice)
    answer(recipient, recipient.ticket(draft), cms)
    assert [bytes(row.cms) for row in rig.rows(PARCEL_ANSWER)] == [cms]
    send()
    assert [bytes(row.cms) for row in rig.rows(PARCEL_ANSWER)] == [b""]


def test_the_record_of_an_answer_goes_with_its_parcel(
    draft: Draft, recipient: Recipient, alice: Identity, rig: Rig, send: Callable[[], None]
) -> None:
    answer(recipient, recipient.ticket(draft), encrypted(alice))
    send()
    for _ in range(3):
        rig.clock.advance(seconds=KEPT_SECONDS)
        rig.delivery.sweep.run()
    assert rig.rows(PARCEL_ANSWER) == []
    assert rig.rows(PARCEL_NOTICE) == []
