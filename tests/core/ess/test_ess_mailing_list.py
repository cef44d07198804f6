"""The history of mailing lists (RFC 2634 section 4)."""

from __future__ import annotations

import dataclasses

import pytest

from smime_core.asn1 import der
from smime_core.cms.attributes import ML_EXPANSION_HISTORY, Attributes
from smime_core.cms.certificate_id import IssuerAndSerial, KeyIdentifier
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.ess import (
    Expansion,
    ReceiptPolicy,
    ReceiptPolicyKind,
    build_expansion_history,
    find_expansion_history,
    has_expanded,
    mail_name,
    parse_expansion_history,
)
from smime_core.ess.entities import build_entities
from smime_core.limits import MAX_ML_EXPANSIONS
from tests.support.people import NOW, person
from tests.support.signed_structures import DIGEST, parse, signed_attrs, signed_data, signer_info, signer_of

LIST = person("list").certificate
NAMES = ((mail_name("carol@example.test"),),)
BY_ISSUER = Expansion(
    mail_list=IssuerAndSerial(issuer_der=LIST.issuer_der, serial_number=LIST.serial_number), expansion_time=NOW
)
BY_KEY = Expansion(mail_list=KeyIdentifier(value=LIST.subject_key_identifier or b""), expansion_time=NOW)
TIME = der.element(0x18, b"20260601120000Z")


def read(attribute_der: bytes) -> Attributes:
    _, values = der.read_sequence(attribute_der)
    return {ML_EXPANSION_HISTORY: tuple(bytes(value.encoded) for value in der.read_children(values))}


@pytest.mark.parametrize(
    "policy",
    [
        None,
        ReceiptPolicy(kind=ReceiptPolicyKind.NONE),
        ReceiptPolicy(kind=ReceiptPolicyKind.INSTEAD_OF, entities=NAMES),
        ReceiptPolicy(kind=ReceiptPolicyKind.IN_ADDITION_TO, entities=NAMES * 2),
    ],
)
def test_a_history_comes_back_as_it_was_built(policy: ReceiptPolicy | None) -> None:
    expansion = dataclasses.replace(BY_KEY, receipt_policy=policy)
    assert parse_expansion_history(read(build_expansion_history((BY_ISSUER,), expansion))) == (BY_ISSUER, expansion)


def test_without_the_attribute_a_recipient_is_of_the_first_tier() -> None:
    assert parse_expansion_history({}) is None


@pytest.mark.parametrize("expansion", [BY_ISSUER, BY_KEY])
def test_a_list_that_finds_itself_has_found_a_loop(expansion: Expansion) -> None:
    assert has_expanded((expansion,), LIST)
    assert not has_expanded((expansion,), person("other-list").certificate)
    assert not has_expanded(None, LIST)


def test_the_histories_of_verified_signers_are_identical() -> None:
    by_key, by_issuer = build_expansion_history(None, BY_KEY), build_expansion_history(None, BY_ISSUER)
    with_key, with_issuer, without = (
        signer_of(parse(signed_data(signer_info(signed_attrs(DIGEST, *more))))) for more in ([by_key], [by_issuer], [])
    )
    assert find_expansion_history([without, with_key, with_key]) == (BY_KEY,)
    assert find_expansion_history([without]) is None
    with pytest.raises(MalformedMessage, match="different histories"):
        find_expansion_history([with_key, with_issuer])


def test_reads_and_builds_no_more_expansions_than_the_limit() -> None:
    full = (BY_KEY,) * MAX_ML_EXPANSIONS
    with pytest.raises(LimitExceeded):
        build_expansion_history(full, BY_KEY)
    entry = der.sequence(der.octet_string(b"key"), TIME)
    with pytest.raises(LimitExceeded):
        parse_expansion_history({ML_EXPANSION_HISTORY: (der.sequence(*[entry] * (MAX_ML_EXPANSIONS + 1)),)})


@pytest.mark.parametrize(
    "policy",
    [
        ReceiptPolicy(kind=ReceiptPolicyKind.NONE, entities=NAMES),
        ReceiptPolicy(kind=ReceiptPolicyKind.INSTEAD_OF),
    ],
)
def test_refuses_to_build_a_policy_that_contradicts_itself(policy: ReceiptPolicy) -> None:
    with pytest.raises(MalformedMessage):
        build_expansion_history(None, dataclasses.replace(BY_KEY, receipt_policy=policy))


@pytest.mark.parametrize(
    "value",
    [
        der.sequence(),
        der.sequence(der.sequence(der.octet_string(b"key"))),
        der.sequence(der.sequence(der.octet_string(b"key"), der.element(0x17, b"260601120000Z"))),
        der.sequence(der.sequence(der.integer(1), TIME)),
        der.sequence(der.sequence(der.octet_string(b"key"), TIME, b"\x80\x01\x00")),
        der.sequence(der.sequence(der.octet_string(b"key"), TIME, build_entities(NAMES, tag=0xA3))),
        der.sequence(der.sequence(der.octet_string(b"key"), TIME, der.element(0xA1))),
        der.sequence(der.sequence(der.octet_string(b"key"), TIME, b"\x80\x00", b"\x80\x00")),
    ],
)
def test_refuses_a_damaged_history(value: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_expansion_history({ML_EXPANSION_HISTORY: (value,)})
