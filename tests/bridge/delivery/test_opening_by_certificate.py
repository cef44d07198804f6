"""Opening by certificate: a nonce that only the owner of its key decrypts, and signed receipts."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass

import pytest

from smime_core import AES_256_GCM, Encrypting, Identity, Keys, Signing, SmimeError
from smime_core.asn1 import der
from smime_core.blocking import decrypt_bytes, encrypt_bytes, run, sign_bytes
from smime_core.ca.demo import create_authority, issue_identity
from smime_core.cms import (
    ID_DATA,
    PARCEL_CHALLENGE,
    OctetsContent,
    SignerInfo,
    SignerOptions,
    parse_content_info,
    parse_signed_data,
)
from smime_core.ess import (
    AllOrFirstTier,
    ReceiptRequest,
    build_receipt,
    build_receipt_request,
    mail_name,
)
from smime_core.providers.native import NativeProvider
from tests.support.clock import FakeClock
from tests.support.servers.bridge import error_of
from tests.support.servers.mailboxes import ALICE, BOB
from tests.support.servers.parcels import DAY, Draft, Recipient, Rig, Sender, text_of
from webbridge.delivery import challenges

pytestmark = pytest.mark.server

PROVIDER = NativeProvider()
WRONG = (403, "wrong-secret")


@dataclass(frozen=True)
class People:
    alice: Identity
    bob: Identity
    mallory: Identity


@pytest.fixture(scope="module")
def people() -> People:
    now = FakeClock().at
    authority = run(create_authority("A CA of tests", provider=PROVIDER, at=now))
    return People(
        *(
            run(issue_identity(authority, address, provider=PROVIDER, at=now))
            for address in (ALICE, BOB, "m@example.test")
        )
    )


@pytest.fixture
def draft(sender: Sender, people: People) -> Draft:
    draft = Draft(certificates=(people.alice.certificate.der, people.bob.certificate.der))
    sender.send_whole(draft)
    return draft


def ask(recipient: Recipient, parcel_id: str, identity: Identity) -> dict[str, str]:
    certificate = b64encode(identity.certificate.der).decode()
    answer = recipient.post("/api/open/challenge", {"id": parcel_id, "certificate": certificate})
    assert answer.status_code == 200, answer.get_json()
    made: dict[str, str] = answer.get_json()
    return made


def prove(recipient: Recipient, parcel_id: str, identity: Identity) -> dict[str, str]:
    """The members of a request that proves the certificate."""
    made = ask(recipient, parcel_id, identity)
    opened = decrypt_bytes(
        b64decode(made["challenge"]), Keys(identities=[identity]), PROVIDER, content_type=PARCEL_CHALLENGE
    )
    return {"id": parcel_id, "nonce": text_of(opened.content), "token": made["token"]}


def test_the_owner_of_a_certificate_opens_the_parcel(draft: Draft, people: People, recipient: Recipient) -> None:
    answer = recipient.post("/api/open", prove(recipient, draft.id, people.bob))
    assert answer.status_code == 200
    assert recipient.fetch(answer.get_json()["ticket"], "manifest").data == draft.manifest


def test_the_owner_of_another_certificate_does_not(draft: Draft, people: People, recipient: Recipient) -> None:
    assert error_of(recipient.post("/api/open", prove(recipient, draft.id, people.mallory))) == WRONG


def test_an_unknown_id_gets_challenges_too(people: People, recipient: Recipient) -> None:
    assert error_of(recipient.post("/api/open", prove(recipient, Draft().id, people.bob))) == WRONG


def test_wrong_nonces_are_tries(draft: Draft, people: People, recipient: Recipient) -> None:
    made = ask(recipient, draft.id, people.bob)
    members = {"id": draft.id, "nonce": text_of(bytes(32)), "token": made["token"]}
    answers = [error_of(recipient.post("/api/open", members)) for _ in range(6)]
    assert answers == [WRONG] * 5 + [(429, "too-many-tries")]


def test_a_challenge_is_for_one_parcel(draft: Draft, people: People, recipient: Recipient, sender: Sender) -> None:
    other = Draft(certificates=draft.certificates)
    sender.send_whole(other)
    members = prove(recipient, draft.id, people.bob)
    assert error_of(recipient.post("/api/open", members | {"id": other.id})) == WRONG


def test_a_challenge_ends_after_minutes(draft: Draft, people: People, recipient: Recipient, rig: Rig) -> None:
    members = prove(recipient, draft.id, people.bob)
    rig.clock.advance(seconds=5 * 60)
    assert error_of(recipient.post("/api/open", members)) == WRONG


@pytest.mark.parametrize("token", ["", "x", "A" * 96, "A" * 97, "\u00e9" * 96, None, 7])
def test_a_token_that_the_bridge_has_not_made_proves_nothing(
    draft: Draft, people: People, recipient: Recipient, token: object
) -> None:
    members: dict[str, object] = dict(prove(recipient, draft.id, people.bob))
    answer = recipient.post("/api/open", members | {"token": token})
    assert error_of(answer) in (WRONG, (400, "bad-request"))


def test_a_challenge_passes_for_no_mail_and_a_mail_for_no_challenge(
    draft: Draft, people: People, recipient: Recipient
) -> None:
    """A bridge that lies must not get the plaintext of something else back as a nonce."""
    cms = b64decode(ask(recipient, draft.id, people.bob)["challenge"])
    keys = Keys(identities=[people.bob])
    with pytest.raises(SmimeError):
        decrypt_bytes(cms, keys, PROVIDER, content_type=ID_DATA)
    chunk = encrypt_bytes(b"x" * 32, Encrypting(recipients=[people.bob.certificate], cipher=AES_256_GCM), PROVIDER)
    old, new = der.oid(ID_DATA), der.oid(PARCEL_CHALLENGE)
    assert old in chunk
    with pytest.raises(SmimeError):
        decrypt_bytes(chunk, keys, PROVIDER, content_type=PARCEL_CHALLENGE)
    assert new in cms


@pytest.mark.parametrize("certificate", [None, "", "!", "AAAA", "MAA=", "A" * 200_000])
def test_a_certificate_that_is_none_gets_no_challenge(recipient: Recipient, certificate: object) -> None:
    answer = recipient.post("/api/open/challenge", {"id": Draft().id, "certificate": certificate})
    assert answer.status_code in (400, 413)


def test_one_network_gets_so_many_challenges(
    people: People, recipient: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(challenges, "MAX_PER_CLIENT", 2)
    certificate = b64encode(people.bob.certificate.der).decode()
    members = {"id": Draft().id, "certificate": certificate}
    answers = [recipient.post("/api/open/challenge", members).status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def signed_receipt(identifier: bytes, people: People, signer: Identity) -> bytes:
    """A receipt for something that Alice has signed under this identifier."""
    now = FakeClock().at
    request = ReceiptRequest(
        signed_content_identifier=identifier,
        receipts_from=AllOrFirstTier.ALL_RECEIPTS,
        receipts_to=((mail_name(ALICE),),),
    )
    options = SignerOptions(further_attributes=(build_receipt_request(request),))
    signing = Signing(identities=[people.alice], signing_time=now, options=options)
    original = parse_signed_data(parse_content_info(sign_bytes(b"a manifest", signing, PROVIDER)).content)
    (signer_info,) = original.signer_infos
    assert isinstance(signer_info, SignerInfo)
    making = build_receipt(
        signer_info,
        OctetsContent(b"a manifest", PROVIDER),
        Signing(identities=[signer], signing_time=now),
        PROVIDER,
        content_type=ID_DATA,
        certificate=people.alice.certificate,
    )
    return run(making)


def give(recipient: Recipient, ticket: str, cms: bytes) -> tuple[int, str]:
    answer = recipient.post("/api/open/receipt", {"receipt": b64encode(cms).decode()}, ticket=ticket)
    return (204, "") if answer.status_code == 204 else error_of(answer)


def test_a_signed_receipt_says_who_has_opened(
    draft: Draft, people: People, recipient: Recipient, sender: Sender
) -> None:
    cms = signed_receipt(draft.id.encode(), people, people.bob)
    ticket = recipient.ticket(draft)
    assert give(recipient, ticket, cms) == (204, "")
    assert give(recipient, ticket, cms) == (204, "")
    shown = sender.show(draft)
    assert [b64decode(receipt) for receipt in shown["receipts"]] == [cms]
    assert {"state": "opened", "at": "2026-11-20T12:00:00Z", "by": "recipient-signed", "recipient": BOB} in shown[
        "states"
    ]


def test_a_receipt_for_another_parcel_is_refused(draft: Draft, people: People, recipient: Recipient) -> None:
    cms = signed_receipt(Draft().id.encode(), people, people.bob)
    assert give(recipient, recipient.ticket(draft), cms) == (422, "receipt-refused")


def test_a_receipt_of_a_stranger_is_refused(draft: Draft, people: People, recipient: Recipient, sender: Sender) -> None:
    cms = signed_receipt(draft.id.encode(), people, people.mallory)
    assert give(recipient, recipient.ticket(draft), cms) == (422, "receipt-refused")
    assert sender.show(draft)["receipts"] == []


def test_a_receipt_that_was_changed_is_refused(draft: Draft, people: People, recipient: Recipient) -> None:
    cms = bytearray(signed_receipt(draft.id.encode(), people, people.bob))
    cms[-1] ^= 1
    assert give(recipient, recipient.ticket(draft), bytes(cms)) == (422, "receipt-refused")


@pytest.mark.parametrize("cms", [b"", b"0", b"\x30\x00", b"x" * 1_000])
def test_bytes_that_are_no_receipt_are_refused(draft: Draft, recipient: Recipient, cms: bytes) -> None:
    assert give(recipient, recipient.ticket(draft), cms) == (422, "receipt-refused")


def test_a_receipt_needs_a_ticket_that_counts(draft: Draft, people: People, recipient: Recipient, rig: Rig) -> None:
    ticket = recipient.ticket(draft)
    rig.clock.advance(seconds=DAY)
    cms = signed_receipt(draft.id.encode(), people, people.bob)
    assert give(recipient, ticket, cms) == (401, "ticket-ended")
