"""Timestamps and security labels in the signature of a mail that the vault composes."""

from __future__ import annotations

from typing import Any

import pytest

from smime_core import ess
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cades import CadesLevel, cades_level
from smime_core.cms import SignerInfo, SignerOptions, Signing, find_signed_layer
from smime_core.errors import MalformedMessage, TimestampRefused
from smime_core.message import sign_message
from tests.support.people import MESSAGE, NOW, PROVIDER, person
from tests.support.timestamp_service import answer
from tests.support.vault.verbs import AT, call, sealed, trust

DRAFT = {
    "from": "Alice <alice@example.test>", "to": ["bob@example.test"], "cc": [], "subject": "Lighthouse",
    "text": b"Turn left.", "attachments": [], "date": AT, "messageId": "<1@example.test>", "references": [],
    "hidden": [],
}  # fmt: skip
LABEL = {"policy": "1.3.6.1.4.1.99.7", "classification": 3}


def sign(*, encrypts: bool = False, **claims: Any) -> Any:
    return call("message.sign", draft=DRAFT, encrypts=encrypts, **sealed(person("alice")), **claims)


def finish(signed: Any, answer: bytes, *, readers: tuple[str, ...] = ()) -> bytes:
    recipients = [person(name).certificate.der for name in readers]
    recipients += [signed["writer"]] if signed["writer"] else []
    parts = {name: signed[name] for name in ("headers", "entity", "nonce")}
    message: bytes = call("message.finish", **parts, answer=answer, recipients=recipients)["message"]
    return message


def answered(query: bytes) -> bytes:
    return run(answer(query))


def with_nonce_7(query: bytes) -> bytes:
    """The answer to the same query with another nonce."""
    version, imprint, *_ = der.read_sequence(query)
    return answered(der.sequence(bytes(version.encoded), bytes(imprint.encoded), der.integer(7)))


def read(message: bytes, **changes: Any) -> Any:
    keys = sealed(person("bob"))
    return call("message.verify", **{"message": message, **keys, **trust(), "receiptsToo": True, **changes})


@pytest.mark.parametrize("readers", [(), ("bob",)])
def test_a_signature_gets_the_timestamp_of_the_service(readers: tuple[str, ...]) -> None:
    signed = sign(encrypts=bool(readers))
    message = finish(signed, answered(signed["query"]), readers=readers)
    seen = read(message)
    assert (seen["report"]["state"], seen["text"].strip()) == ("verified", b"Turn left.")
    assert b"Turn left" in message or readers


@pytest.mark.parametrize("readers", [("bob",), ("bob", "alice")])
def test_the_writer_can_read_the_encrypted_message_with_a_timestamp(readers: tuple[str, ...]) -> None:
    signed = sign(encrypts=True)
    message = finish(signed, answered(signed["query"]), readers=readers)
    seen = read(message, **sealed(person("alice")))
    assert seen["text"].strip() == b"Turn left."
    assert len(seen["report"]["recipients"]) == 2


def test_a_message_that_is_not_encrypted_is_for_no_certificate() -> None:
    assert sign()["writer"] is None


def test_the_signature_has_the_level_b_t() -> None:
    signed = sign()
    layer = find_signed_layer(finish(signed, answered(signed["query"])))
    (info,) = layer.signed_data.signer_infos
    assert isinstance(info, SignerInfo)
    assert cades_level(info, has_revocation_data=False) is CadesLevel.T


@pytest.mark.parametrize("wrong", ["another signature", "another nonce", "refusal", "garbage", "altered"])
def test_an_answer_that_is_no_timestamp_of_this_signature_is_refused(wrong: str) -> None:
    signed = sign()
    good = answered(signed["query"])
    answers = {
        "another signature": answered(sign()["query"]),
        "another nonce": with_nonce_7(signed["query"]),
        "refusal": b"\x30\x05\x30\x03\x02\x01\x02",
        "garbage": b"<html>not found",
        "altered": good[:-1] + bytes([good[-1] ^ 1]),
    }
    with pytest.raises(TimestampRefused):
        finish(signed, answers[wrong])


def test_a_receipt_is_asked_for_with_a_timestamp_too() -> None:
    signed = sign(receipt=True)
    message = finish(signed, answered(signed["query"]))
    assert read(message)["receipt"]["id"] == signed["receipt"]["id"]


def compose(**claims: Any) -> bytes:
    composed = call("message.compose", draft=DRAFT, sign=True, **sealed(person("alice")), recipients=[], **claims)
    message: bytes = composed["message"]
    return message


def test_the_label_is_in_the_signature() -> None:
    assert read(compose(label=LABEL))["label"] == LABEL
    assert read(compose())["label"] is None


@pytest.mark.parametrize("label", [{"policy": "1.2.x", "classification": 3}, {**LABEL, "classification": 257}])
def test_a_label_that_no_policy_can_have_is_refused(label: dict[str, Any]) -> None:
    with pytest.raises((MalformedMessage, ValueError)):
        compose(label=label)


def test_an_altered_message_has_no_label() -> None:
    assert read(compose(label=LABEL).replace(b"Turn left", b"Turn right"))["label"] is None


def test_signers_with_different_labels_give_an_unknown_one() -> None:
    label = ess.build_security_label(ess.SecurityLabel(policy="1.2.3", classification=1))
    signing = Signing(
        identities=[person("alice")], signing_time=NOW, options=SignerOptions(further_attributes=(label,))
    )
    message = run(sign_message(MESSAGE, signing, provider=PROVIDER))
    assert read(message)["label"] == {"policy": "1.2.3", "classification": 1}
