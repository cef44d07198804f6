"""Signed receipts in the vault: a mail asks for one, a reader makes it, and the sender recognises it."""

from __future__ import annotations

import email
import random
from typing import Any

import pytest
from asn1crypto import cms as asn1_cms

from smime_core import ess
from smime_core.blocking import run
from smime_core.cms import SignedLayer, SignerInfo, SignerOptions, Signing, add_signer, find_cms, parse_message
from smime_core.cms.attributes import ML_EXPANSION_HISTORY, build_attribute
from smime_core.cms.layers import find_signed_layer
from smime_core.errors import MalformedMessage, MessageDigestMismatch, NoUsableSigner, SmimeError
from smime_core.message import sign_bytes, sign_message
from smime_core.mime import build_pkcs7_mime
from tests.support.people import MESSAGE, NOW, PROVIDER, person
from tests.support.vault.verbs import AT, call, sealed, trust
from tools.fuzz.alterations import alter

ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"


def compose(*, encrypted: bool = True, receipt: bool = True) -> Any:
    """A letter from Alice to Bob, as the reply of the verb."""
    draft = {
        "from": f"Alice <{ALICE}>", "to": [BOB], "cc": [CAROL], "subject": "Lighthouse", "text": b"Turn left.",
        "attachments": [], "date": AT, "messageId": "<1@example.test>", "references": [], "hidden": [],
    }  # fmt: skip
    recipients = [person("bob").certificate.der] if encrypted else []
    return call(
        "message.compose", draft=draft, sign=True, **sealed(person("alice")), recipients=recipients, receipt=receipt
    )


def read(message: bytes, *readers: str, **changes: Any) -> Any:
    keys = sealed(*map(person, readers))
    return call("message.verify", **{"message": message, **keys, **trust(), "receiptsToo": True, **changes})


def make(message: bytes, id: str, *, reader: str = "bob") -> Any:
    return call(
        "receipt.make", message=message, id=id, from_=None, **{"from": f"{reader}@example.test"}, subject="Receipt",
        messageId="<2@example.test>", at=AT, **sealed(person(reader)),
    )  # fmt: skip


def signed_by_alice(*attributes: bytes, signers: tuple[str, ...] = ("alice",)) -> bytes:
    options = SignerOptions(further_attributes=attributes)
    signing = Signing(identities=[person(name) for name in signers], signing_time=NOW, options=options)
    return run(sign_message(MESSAGE, signing, provider=PROVIDER))


def request_to(*addresses: str, only: str | None = None) -> bytes:
    everybody = ess.AllOrFirstTier.ALL_RECEIPTS
    return ess.build_receipt_request(
        ess.ReceiptRequest(
            signed_content_identifier=b"1",
            receipts_from=everybody if only is None else ((ess.mail_name(only),),),
            receipts_to=tuple((ess.mail_name(address),) for address in addresses),
        )
    )


@pytest.mark.parametrize("encrypted", [True, False])
def test_the_reader_learns_who_asks_and_the_sender_recognises_the_receipt(encrypted: bool) -> None:
    composed = compose(encrypted=encrypted)
    expected = composed["receipt"]
    request = read(composed["message"], "bob")["receipt"]
    assert request == {"kind": "asked", "id": expected["id"], "to": [ALICE], "only": None, "readers": [BOB, CAROL]}
    made = make(composed["message"], request["id"])
    assert made["to"] == [ALICE]
    mail = email.message_from_bytes(made["message"])
    assert (mail["From"], mail["To"], mail["In-Reply-To"]) == (BOB, ALICE, "<1@example.test>")
    assert mail.get_content_type() == "application/pkcs7-mime"
    assert mail.get_param("smime-type") == "signed-receipt"
    seen = read(made["message"], "alice", sent=sent(expected))
    assert (seen["report"]["state"], seen["report"]["sender"]) == ("verified", BOB)
    facts = {key: seen["receipt"][key] for key in ("kind", "id", "addresses", "messageId", "at")}
    assert facts == {
        "kind": "given", "id": expected["id"], "addresses": [BOB], "messageId": "<2@example.test>",
        "at": "2026-06-01T12:00:00Z",
    }  # fmt: skip
    assert (seen["text"], seen["passages"], seen["attachments"]) == (b"", [], [])


def test_the_sender_finds_the_same_request_in_the_sent_message() -> None:
    composed = compose(encrypted=False)
    assert read(composed["message"], "alice")["receipt"]["id"] == composed["receipt"]["id"]


def test_a_letter_asks_for_a_receipt_only_if_the_writer_wants_it() -> None:
    composed = compose(receipt=False)
    assert composed["receipt"] is None
    assert read(composed["message"], "bob")["receipt"] is None


def test_each_letter_has_a_request_of_its_own() -> None:
    assert compose()["receipt"]["id"] != compose()["receipt"]["id"]


def test_a_receipt_is_no_mail_where_nobody_compares_it() -> None:
    composed = compose()
    receipt = make(composed["message"], composed["receipt"]["id"])["message"]
    report = read(receipt, "alice", receiptsToo=False)["report"]
    assert (report["state"], report["reasons"][0]["code"]) == ("signed-unverified", "content-type-mismatch")


def test_only_a_verified_message_asks() -> None:
    message = compose(encrypted=False)["message"]
    assert read(message, "bob", trust={"anchors": []})["receipt"] is None
    assert read(message.replace(b"Turn left", b"Turn right"), "bob")["receipt"] is None


def test_somebody_who_signs_beside_the_author_asks_for_nothing() -> None:
    plain = signed_by_alice()
    assert read(plain, "bob")["receipt"] is None
    # Both signers carry the attributes here: the author's own request counts, whoever signs too.
    both = signed_by_alice(request_to(ALICE), signers=("alice", "carol"))
    assert read(both, "bob")["receipt"]["to"] == [ALICE]
    beside = _with_signer_beside(plain, request_to(CAROL))
    assert read(beside, "bob")["report"]["state"] == "verified"
    assert read(beside, "bob")["receipt"] is None


def test_a_message_through_a_mailing_list_asks_for_nothing() -> None:
    history = build_attribute(ML_EXPANSION_HISTORY, b"\x30\x00")
    assert read(signed_by_alice(request_to(ALICE), history), "bob")["receipt"] is None


def test_a_damaged_request_is_none() -> None:
    damaged = build_attribute("1.2.840.113549.1.9.16.2.1", b"\x30\x00")
    report = read(signed_by_alice(damaged), "bob")
    assert (report["report"]["state"], report["receipt"]) == ("verified", None)


def test_the_people_who_are_asked_are_named() -> None:
    request = read(signed_by_alice(request_to(ALICE, CAROL, only=BOB)), "bob")["receipt"]
    assert (request["to"], request["only"]) == ([ALICE, CAROL], [BOB])


def test_no_receipt_is_made_for_another_request() -> None:
    message = compose(encrypted=False)["message"]
    with pytest.raises(MalformedMessage):
        make(message, compose()["receipt"]["id"])


def test_no_receipt_is_made_in_the_name_of_somebody_else() -> None:
    composed = compose(encrypted=False)
    with pytest.raises(NoUsableSigner):
        call(
            "receipt.make", message=composed["message"], id=composed["receipt"]["id"], **{"from": CAROL},
            subject="Receipt", messageId="<2@example.test>", at=AT, **sealed(person("bob")),
        )  # fmt: skip


def test_no_receipt_is_made_for_an_altered_message() -> None:
    composed = compose(encrypted=False)
    with pytest.raises(MessageDigestMismatch):
        make(composed["message"].replace(b"Turn left", b"Turn right"), composed["receipt"]["id"])


def test_a_receipt_of_a_wrong_structure_is_for_no_message() -> None:
    # It has no msgSigDigest.
    content = _receipt_content()
    signing = Signing(identities=[person("bob")], signing_time=NOW)
    cms = run(sign_bytes(content, signing, PROVIDER, content_type=ess.ID_CT_RECEIPT))
    seen = read(_as_mail(cms), "alice", sent=sent({"id": "", "digest": ""}))
    assert (seen["report"]["state"], seen["receipt"]["id"]) == ("signed-unverified", "")


def test_a_receipt_without_a_signer_is_a_mail_with_certificates() -> None:
    expected, receipt = answered()
    data = asn1_cms.ContentInfo.load(_cms_of(receipt))["content"]
    data["signer_infos"] = []
    unsigned = asn1_cms.ContentInfo({"content_type": "signed_data", "content": data}).dump(force=True)
    seen = read(_as_mail(unsigned), "alice", sent=sent(expected))
    assert (seen["report"]["state"], seen["receipt"]) == ("plain", None)


@pytest.mark.parametrize("seed", range(8))
def test_an_altered_receipt_is_refused_or_judged_and_never_verified(seed: int) -> None:
    expected, receipt = answered()
    cms = _cms_of(receipt)
    before, dice = find_signed_layer(receipt), random.Random(seed)  # noqa: S311 (the same receipts for the same seed)
    for _ in range(100):
        altered = alter(cms, dice)
        try:
            seen = read(_as_mail(altered), "alice", sent=sent(expected))
        except SmimeError:
            continue
        if seen["report"]["state"] == "verified":
            # Bytes outside of what is signed, such as an encoding of a length, may differ.
            after = find_signed_layer(_as_mail(altered))
            assert (after.content, _signature(after)) == (before.content, _signature(before))


@pytest.mark.parametrize("sender", ["carol@example.test", "bob@example.test, carol@example.test", "nobody"])
def test_a_receipt_under_the_name_of_somebody_else_is_not_verified(sender: str) -> None:
    expected, receipt = answered()
    forged = receipt.replace(b"From: bob@example.test", f"From: {sender}".encode())
    assert read(forged, "alice", sent=sent(expected))["report"]["state"] == "invalid"


def test_a_receipt_for_a_message_that_was_never_sent_is_not_verified() -> None:
    expected, receipt = answered()
    assert verdict(receipt, None) == ("signed-unverified", "receipt-unknown")
    assert verdict(receipt, sent({**expected, "id": compose()["receipt"]["id"]})) == (
        "signed-unverified",
        "receipt-unknown",
    )


def test_a_receipt_for_other_signed_attributes_is_forged() -> None:
    expected, receipt = answered()
    assert verdict(receipt, sent({**expected, "digest": "00" * 32})) == ("invalid", "receipt-mismatch")


def test_a_receipt_of_somebody_who_was_no_recipient_is_not_verified() -> None:
    expected, receipt = answered()
    assert verdict(receipt, sent(expected, to=[CAROL])) == ("signed-unverified", "receipt-not-recipient")


def test_a_receipt_is_verified_only_once_and_the_same_mail_again() -> None:
    expected, receipt = answered()
    first = read(receipt, "alice", sent=sent(expected))["receipt"]
    earlier = {"address": BOB, "signature": first["signature"], "messageId": first["messageId"]}
    assert verdict(receipt, sent(expected, earlier))[0] == "verified"
    assert verdict(receipt, sent(expected, {**earlier, "address": CAROL}))[0] == "verified"
    copy = receipt.replace(b"<2@example.test>", b"<3@example.test>")
    for mail, record in ((copy, earlier), (receipt, {**earlier, "signature": "00"})):
        assert verdict(mail, sent(expected, record)) == ("signed-unverified", "receipt-repeated")


def test_a_receipt_whose_signer_nobody_vouches_for_is_not_verified() -> None:
    expected, receipt = answered()
    state, reason = verdict(receipt, sent(expected), trust={"anchors": []})
    assert (state, reason) == ("signed-unverified", "untrusted-anchor")


def sent(expected: Any, *earlier: Any, to: list[str] | None = None) -> dict[str, Any]:
    return {**expected, "to": to or [BOB, CAROL], "receipts": list(earlier)}


def answered() -> tuple[Any, bytes]:
    """The values of a sent message, and Bob's receipt for it."""
    composed = compose()
    return composed["receipt"], make(composed["message"], composed["receipt"]["id"])["message"]


def verdict(receipt: bytes, kept: Any, **changes: Any) -> tuple[str, str]:
    """The state of a receipt, and the code of its first reason."""
    report = read(receipt, "alice", sent=kept, **changes)["report"]
    return report["state"], report["reasons"][0]["code"]


def _as_mail(receipt: bytes) -> bytes:
    return b"From: bob@example.test\r\nMIME-Version: 1.0\r\n" + build_pkcs7_mime(b"", receipt, "signed-receipt")


def _cms_of(receipt: bytes) -> bytes:
    cms = find_cms(parse_message(receipt))
    assert cms is not None
    return bytes(cms)


def _signature(layer: SignedLayer) -> bytes:
    (info,) = layer.signed_data.signer_infos
    assert isinstance(info, SignerInfo)
    return info.signature


def _receipt_content() -> bytes:
    composed = compose()
    receipt = make(composed["message"], composed["receipt"]["id"])["message"]
    content = find_signed_layer(receipt).content
    assert content is not None
    return bytes(content)


def _with_signer_beside(message: bytes, request: bytes) -> bytes:
    """An opaque form of the message with a second signer, Carol, who alone asks for a receipt."""
    layer = find_signed_layer(message)
    head, _, _ = message.partition(b"MIME-Version")
    alone = run(sign_bytes(layer.content or b"", Signing(identities=[person("alice")], signing_time=NOW), PROVIDER))
    options = SignerOptions(further_attributes=(request,))
    carol = Signing(identities=[person("carol")], signing_time=NOW, options=options)
    both = run(add_signer(alone, carol, PROVIDER))
    return head + b"MIME-Version: 1.0\r\n" + build_pkcs7_mime(b"", both, "signed-data")
