"""Signed receipts (MUSTS 47): the request, the values that a receipt copies, and the proof that it must give."""

from __future__ import annotations

import dataclasses
import functools
import hashlib

import pytest

from smime_core.asn1 import der
from smime_core.asn1.general_names import RFC822_NAME
from smime_core.blocking import run
from smime_core.cms.attributes import (
    ML_EXPANSION_HISTORY,
    MSG_SIG_DIGEST,
    RECEIPT_REQUEST,
    build_attribute,
)
from smime_core.cms.certificate_id import KeyIdentifier
from smime_core.cms.content_info import (
    ID_COMPRESSED_DATA,
    ID_DATA,
    ID_SIGNED_DATA,
    build_content_info,
    parse_content_info,
)
from smime_core.cms.signed_content import OctetsContent
from smime_core.cms.signed_data import build_signed_data
from smime_core.cms.signing import SignerOptions, Signing
from smime_core.errors import (
    ContentTypeMismatch,
    LimitExceeded,
    MalformedMessage,
    MessageDigestMismatch,
    SignatureMismatch,
    VerificationError,
)
from smime_core.ess import (
    ID_CT_RECEIPT,
    AllOrFirstTier,
    GeneralName,
    GeneralNames,
    ReceiptPolicy,
    ReceiptPolicyKind,
    ReceiptRequest,
    VerifiedReceipt,
    build_receipt,
    build_receipt_request,
    directory_name,
    find_receipt_request,
    mail_name,
    new_content_identifier,
    parse_receipt,
    parse_receipt_request,
    receipt_recipients,
    verify_receipt,
)
from smime_core.ess.mailing_list import Expansion
from smime_core.limits import MAX_GENERAL_NAMES
from smime_core.provider import NewKey
from tests.support.people import NOW, PROVIDER, person
from tests.support.signed_structures import CONTENT, DIGEST, parse, signed_attrs, signed_data, signer_info, signer_of

ALICE: GeneralNames = (mail_name("alice@example.test"),)
BOB: GeneralNames = (mail_name("bob@example.test"),)
CAROL: GeneralNames = (mail_name("carol@example.test"),)
REQUEST = ReceiptRequest(
    signed_content_identifier=b"alice 20260601120000Z 12345678",
    receipts_from=AllOrFirstTier.ALL_RECEIPTS,
    receipts_to=(ALICE,),
)


def sign(*further: bytes, content_type: str = ID_DATA) -> bytes:
    return run(
        build_signed_data(
            CONTENT,
            Signing(identities=[person("alice")], signing_time=NOW, options=SignerOptions(further_attributes=further)),
            content_type=content_type,
            provider=PROVIDER,
        )
    )


@functools.cache
def original() -> bytes:
    return sign(build_receipt_request(REQUEST))


def give_receipt(
    cms: bytes, *, content: bytes = CONTENT, key: NewKey = NewKey.RSA_2048, names: tuple[str, ...] = ("bob",)
) -> bytes:
    signed = parse(cms)
    return run(
        build_receipt(
            signer_of(signed),
            OctetsContent(content, provider=PROVIDER),
            Signing(identities=[person(name, key) for name in names], signing_time=NOW),
            content_type=signed.e_content_type,
            certificate=person("alice").certificate,
            provider=PROVIDER,
        )
    )


def check(receipt: bytes, cms: bytes | None = None) -> VerifiedReceipt:
    return run(verify_receipt(receipt, parse(cms or original()), provider=PROVIDER))


def receipt_octets(**changes: bytes) -> bytes:
    """A Receipt for the original, with some of its values changed."""
    values = {
        "version": der.integer(1),
        "content_type": der.oid(ID_DATA),
        "identifier": der.octet_string(REQUEST.signed_content_identifier),
        "signature": der.octet_string(signer_of(parse(original())).signature),
    }
    return der.sequence(*(values | changes).values())


def receipt_by_hand(
    content: bytes | None = None, *more: bytes, digest: bytes | None = None, content_type: str = ID_CT_RECEIPT
) -> bytes:
    """A receipt by bob whose parts can be wrong."""
    octets = receipt_octets() if content is None else content
    msg_sig_digest = hashlib.sha256(signer_of(parse(original())).signed_attrs_der or b"").digest()
    attribute = build_attribute(MSG_SIG_DIGEST, der.octet_string(digest or msg_sig_digest))
    return run(
        build_signed_data(
            octets,
            Signing(
                identities=[person("bob")],
                signing_time=NOW,
                options=SignerOptions(further_attributes=(attribute, *more)),
            ),
            content_type=content_type,
            provider=PROVIDER,
        )
    )


@pytest.mark.parametrize("key", [NewKey.RSA_2048, NewKey.P384])
def test_must_47_a_receipt_that_was_given_verifies_against_the_stored_original(key: NewKey) -> None:
    verified = check(give_receipt(original(), key=key))
    assert verified.certificate == person("bob", key).certificate
    assert verified.original.signature == signer_of(parse(original())).signature
    assert verified.signer.signing_time == NOW


def test_must_47_a_receipt_stands_bare_in_e_content_and_copies_three_values() -> None:
    signed = parse(give_receipt(original()))
    assert signed.e_content_type == ID_CT_RECEIPT
    assert bytes(signed.e_content or b"") == receipt_octets()
    assert signed.version == 3, "the content is not id-data"


def test_must_47_a_receipt_by_hand_holds() -> None:
    check(receipt_by_hand())


def test_must_47_a_receipt_carries_the_digest_of_the_original_attributes() -> None:
    value = signer_of(parse(give_receipt(original()))).attributes[MSG_SIG_DIGEST][0]
    attributes = signer_of(parse(original())).signed_attrs_der or b""
    assert attributes[:1] == b"\x31"
    assert value == der.octet_string(hashlib.sha256(attributes).digest())


def test_must_47_gives_no_receipt_for_a_message_that_was_altered() -> None:
    with pytest.raises(MessageDigestMismatch):
        give_receipt(original(), content=CONTENT + b"!")


def test_must_47_gives_no_receipt_for_a_signature_that_does_not_hold() -> None:
    request = build_receipt_request(REQUEST)
    forged = signed_data(signer_info(signed_attrs(DIGEST, request), signed=b"something else"))
    with pytest.raises(SignatureMismatch):
        give_receipt(forged)


def test_must_47_gives_no_receipt_where_none_was_asked_for() -> None:
    with pytest.raises(MalformedMessage, match="no receipt was asked for"):
        give_receipt(sign())


def test_gives_a_receipt_by_one_signer_only() -> None:
    with pytest.raises(MalformedMessage, match="expected the one who received"):
        give_receipt(original(), names=("bob", "carol"))


def test_must_47_gives_no_receipt_for_a_receipt() -> None:
    with pytest.raises(MalformedMessage, match="for no receipt"):
        give_receipt(sign(build_receipt_request(REQUEST), content_type=ID_CT_RECEIPT))


def test_gives_no_receipt_for_attributes_that_could_be_digested_in_two_ways() -> None:
    attributes = sorted(signed_attrs(DIGEST, build_receipt_request(REQUEST)), reverse=True)
    unsorted = signed_data(signer_info(attributes, sort=False, signed=der.element(der.SET, *attributes)))
    with pytest.raises(MalformedMessage, match="not DER"):
        give_receipt(unsorted)


def test_must_47_refuses_a_receipt_for_other_signed_attributes() -> None:
    with pytest.raises(MessageDigestMismatch, match="other signed attributes"):
        check(receipt_by_hand(digest=b"x" * 32))


@pytest.mark.parametrize(
    "changes",
    [
        {"content_type": der.oid(ID_SIGNED_DATA)},
        {"identifier": der.octet_string(b"another message")},
        {"signature": der.octet_string(b"x" * 256)},
    ],
    ids=["content-type", "identifier", "signature"],
)
def test_must_47_refuses_a_receipt_for_another_message(changes: dict[str, bytes]) -> None:
    with pytest.raises(SignatureMismatch, match="another message"):
        check(receipt_by_hand(receipt_octets(**changes)))


def test_must_47_refuses_a_receipt_that_nobody_asked_for() -> None:
    with pytest.raises(SignatureMismatch, match="asked for none"):
        check(receipt_by_hand(), sign())


def test_must_47_the_digest_of_the_receipt_is_that_of_our_own() -> None:
    """The Receipt in the message is right, but bob signed another one."""
    real, shown = receipt_octets(identifier=der.octet_string(b"x" * 30)), receipt_octets()
    assert len(real) == len(shown)
    with pytest.raises(MessageDigestMismatch):
        check(receipt_by_hand(real).replace(real, shown))


def test_must_47_refuses_a_receipt_whose_signature_does_not_hold() -> None:
    receipt = give_receipt(original())
    signature = signer_of(parse(receipt)).signature
    with pytest.raises(SignatureMismatch):
        check(receipt.replace(signature, bytes(len(signature))))


def test_must_47_refuses_a_receipt_without_msg_sig_digest() -> None:
    bare = run(
        build_signed_data(
            receipt_octets(),
            Signing(identities=[person("bob")], signing_time=NOW),
            content_type=ID_CT_RECEIPT,
            provider=PROVIDER,
        )
    )
    with pytest.raises(MalformedMessage, match="msgSigDigest"):
        check(bare)


@pytest.mark.parametrize("attribute_type", [RECEIPT_REQUEST, ML_EXPANSION_HISTORY])
def test_must_47_refuses_a_receipt_that_asks_for_a_receipt_or_passed_a_list(attribute_type: str) -> None:
    with pytest.raises(MalformedMessage, match="appears in a receipt"):
        check(receipt_by_hand(None, build_attribute(attribute_type, der.sequence())))


def test_must_47_refuses_a_receipt_of_another_content_type() -> None:
    with pytest.raises(ContentTypeMismatch):
        check(receipt_by_hand(content_type=ID_DATA))


def test_must_3_refuses_a_receipt_that_is_presented_as_something_else() -> None:
    signed_as, presented_as = der.oid(ID_CT_RECEIPT), der.oid(ID_COMPRESSED_DATA)
    assert len(signed_as) == len(presented_as)
    with pytest.raises(ContentTypeMismatch):
        check(give_receipt(original()).replace(signed_as, presented_as, 1))


def test_must_47_refuses_a_receipt_in_a_mime_entity() -> None:
    with pytest.raises(MalformedMessage):
        check(receipt_by_hand(b"Content-Type: text/plain\r\n\r\n" + receipt_octets()))


@pytest.mark.parametrize(
    "octets",
    [
        receipt_octets(version=der.integer(2)),
        der.sequence(),
        receipt_octets() + b"\x00",
        receipt_octets(extra=der.integer(1)),
        receipt_octets(version=b"\x02\x81\x01\x01"),
    ],
    ids=["version", "empty", "trailing", "extra", "not-der"],
)
def test_refuses_what_is_no_receipt(octets: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_receipt(octets)


def test_refuses_a_receipt_by_several_signers() -> None:
    cms = run(
        build_signed_data(
            receipt_octets(),
            Signing(identities=[person("bob"), person("carol")], signing_time=NOW),
            content_type=ID_CT_RECEIPT,
            provider=PROVIDER,
        )
    )
    with pytest.raises(MalformedMessage, match="2 signers"):
        check(cms)


def test_refuses_another_structure_as_receipt() -> None:
    with pytest.raises(MalformedMessage, match="content of type"):
        check(build_content_info(ID_DATA, der.octet_string(receipt_octets())))


def test_an_unreadable_signer_of_a_receipt_is_its_error() -> None:
    (_, content) = der.read_sequence(give_receipt(original()))
    fields = der.read_children(parse_content_info(give_receipt(original())).content)
    broken = der.sequence(*(f.encoded for f in fields[:-1]), der.set_of([der.sequence(der.integer(1))]))
    assert content.tag == 0xA0
    with pytest.raises(MalformedMessage, match="SignerInfo"):
        check(build_content_info(ID_SIGNED_DATA, broken))


def test_a_receipt_without_its_signers_certificate_says_so() -> None:
    receipt = parse_content_info(give_receipt(original())).content
    fields = [field.encoded for field in der.read_children(receipt) if field.tag != 0xA0]
    with pytest.raises(VerificationError, match="certificate"):
        check(build_content_info(ID_SIGNED_DATA, der.sequence(*fields)))
    known = run(
        verify_receipt(
            build_content_info(ID_SIGNED_DATA, der.sequence(*fields)),
            parse(original()),
            provider=PROVIDER,
            certificates=[person("bob", NewKey.RSA_2048).certificate],
        )
    )
    assert known.certificate == person("bob", NewKey.RSA_2048).certificate


@pytest.mark.parametrize(
    "receipts_from", [AllOrFirstTier.ALL_RECEIPTS, AllOrFirstTier.FIRST_TIER_RECIPIENTS, (BOB, CAROL)]
)
def test_a_request_comes_back_as_it_was_built(receipts_from: AllOrFirstTier | tuple[GeneralNames, ...]) -> None:
    request = dataclasses.replace(REQUEST, receipts_from=receipts_from)
    assert parse_receipt_request(signer_of(parse(sign(build_receipt_request(request)))).attributes) == request


@pytest.mark.parametrize("count", [0, 17])
def test_a_request_names_1_to_16_receivers(count: int) -> None:
    with pytest.raises(MalformedMessage, match="receiptsTo"):
        build_receipt_request(dataclasses.replace(REQUEST, receipts_to=(ALICE,) * count))


TO_ALICE = der.sequence(der.sequence(ALICE[0].encoded))


@pytest.mark.parametrize(
    "value",
    [
        der.sequence(),
        der.sequence(der.octet_string(b"id"), der.element(0x80, b"\x02"), TO_ALICE),
        # A number of more digits than Python can write into an error.
        der.sequence(der.octet_string(b"id"), der.element(0x80, b"\x01" * 2_000), TO_ALICE),
        der.sequence(der.octet_string(b"id"), der.element(0x80, b""), TO_ALICE),
        der.sequence(der.octet_string(b"id"), der.element(0x80, b"\x00"), der.sequence()),
        der.sequence(der.octet_string(b"id"), der.element(0x80, b"\x00"), der.sequence(der.sequence())),
        der.sequence(der.octet_string(b"id"), der.element(0x80, b"\x00"), der.sequence(der.sequence(der.integer(1)))),
    ],
)
def test_refuses_a_damaged_request(value: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_receipt_request({RECEIPT_REQUEST: (value,)})


def test_reads_no_more_names_than_the_limit() -> None:
    names = (ALICE[0],) * (MAX_GENERAL_NAMES + 1)
    request = build_receipt_request(dataclasses.replace(REQUEST, receipts_to=(names,)))
    with pytest.raises(LimitExceeded):
        parse_receipt_request(signer_of(parse(sign(request))).attributes)


def test_reads_no_more_entities_than_the_limit() -> None:
    request = build_receipt_request(dataclasses.replace(REQUEST, receipts_from=(BOB,) * (MAX_GENERAL_NAMES + 1)))
    with pytest.raises(LimitExceeded):
        parse_receipt_request(signer_of(parse(sign(request))).attributes)


def test_must_47_the_requests_of_verified_signers_are_identical() -> None:
    first = signer_of(parse(original()))
    request_and_signer = find_receipt_request([first, signer_of(parse(sign())), first])
    assert request_and_signer == (REQUEST, first)
    other = dataclasses.replace(REQUEST, receipts_to=(CAROL,))
    with pytest.raises(MalformedMessage, match="different receipts"):
        find_receipt_request([first, signer_of(parse(sign(build_receipt_request(other))))])
    assert find_receipt_request([signer_of(parse(sign()))]) is None


LIST = Expansion(mail_list=KeyIdentifier(value=b"list"), expansion_time=NOW)
NO_RECEIPTS = dataclasses.replace(LIST, receipt_policy=ReceiptPolicy(kind=ReceiptPolicyKind.NONE))
INSTEAD = dataclasses.replace(LIST, receipt_policy=ReceiptPolicy(kind=ReceiptPolicyKind.INSTEAD_OF, entities=(CAROL,)))
BESIDES = dataclasses.replace(
    LIST, receipt_policy=ReceiptPolicy(kind=ReceiptPolicyKind.IN_ADDITION_TO, entities=(CAROL,))
)


@pytest.mark.parametrize(
    ("receipts_from", "history", "recipients"),
    [
        (AllOrFirstTier.ALL_RECEIPTS, None, (ALICE,)),
        (AllOrFirstTier.ALL_RECEIPTS, (LIST,), (ALICE,)),
        (AllOrFirstTier.ALL_RECEIPTS, (NO_RECEIPTS,), ()),
        (AllOrFirstTier.ALL_RECEIPTS, (INSTEAD,), (CAROL,)),
        (AllOrFirstTier.ALL_RECEIPTS, (BESIDES,), (ALICE, CAROL)),
        (AllOrFirstTier.ALL_RECEIPTS, (NO_RECEIPTS, LIST), (ALICE,)),
        (AllOrFirstTier.FIRST_TIER_RECIPIENTS, None, (ALICE,)),
        (AllOrFirstTier.FIRST_TIER_RECIPIENTS, (LIST,), ()),
        (AllOrFirstTier.FIRST_TIER_RECIPIENTS, (INSTEAD,), ()),
        ((BOB, CAROL), None, (ALICE,)),
        ((CAROL,), None, ()),
        ((CAROL,), (INSTEAD,), ()),
        ((BOB,), (LIST,), (ALICE,)),
    ],
)
def test_must_47_who_is_asked_and_who_gets_the_receipt(
    receipts_from: AllOrFirstTier | tuple[GeneralNames, ...],
    history: tuple[Expansion, ...] | None,
    recipients: tuple[GeneralNames, ...],
) -> None:
    """The flow chart of RFC 2634 section 2.3, and the rules of section 2.5."""
    request = dataclasses.replace(REQUEST, receipts_from=receipts_from)
    assert receipt_recipients(request, own_names=BOB, history=history) == recipients


def test_names_match_by_address_and_by_directory_name() -> None:
    assert mail_name("bob@EXAMPLE.test").matches(BOB[0])
    assert not mail_name("Bob@example.test").matches(BOB[0])
    subject = directory_name(person("bob").certificate.subject_der)
    assert subject.matches(directory_name(person("bob").certificate.subject_der))
    assert not subject.matches(directory_name(person("carol").certificate.subject_der))
    assert not subject.matches(BOB[0])


def test_an_address_that_is_not_ascii_is_no_rfc822_name() -> None:
    with pytest.raises(MalformedMessage):
        mail_name("köln@example.test")


def test_a_content_identifier_is_fresh_and_says_who_and_when() -> None:
    first, second = (new_content_identifier(b"alice", moment=NOW, provider=PROVIDER) for _ in range(2))
    assert first.startswith(b"alice20260601120000Z")
    assert first != second


def test_an_address_that_is_read_is_ascii() -> None:
    assert GeneralName(RFC822_NAME, b"bob@example.test").matches(BOB[0])
    with pytest.raises(MalformedMessage, match="not ASCII"):
        GeneralName(RFC822_NAME, "köln@example.test".encode()).matches(BOB[0])
