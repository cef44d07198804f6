"""Sets of attributes: signed ones are read strictly as DER, unsigned ones tolerantly (MUSTS 6, 41, 50)."""

from __future__ import annotations

import pytest

from smime_core.asn1 import der
from smime_core.cms.attributes import (
    CONTENT_TYPE,
    COUNTERSIGNATURE,
    MESSAGE_DIGEST,
    RESORTED,
    build_attribute,
    check_definite,
    find_value,
    parse_attributes,
    parse_signed_attributes,
    parse_unsigned_attributes,
    single_value,
)
from smime_core.cms.content_info import ID_DATA
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.limits import MAX_ATTRIBUTES

ONE = build_attribute(CONTENT_TYPE, der.oid(ID_DATA))
TWO = build_attribute(MESSAGE_DIGEST, der.octet_string(b"x" * 32))
IN_ORDER = sorted([ONE, TWO])


def tagged(*attributes: bytes) -> der.Tlv:
    return der.read_one(der.element(0xA0, *attributes))


def test_must_1_the_set_form_begins_with_0x31() -> None:
    parsed = parse_signed_attributes(tagged(*IN_ORDER), where="signedAttrs")
    assert parsed.received_der == parsed.sorted_der == der.set_of([ONE, TWO])
    assert parsed.attributes[CONTENT_TYPE] == (der.oid(ID_DATA),)
    assert parsed.tolerances == ()


def test_must_6_both_orders_of_an_unsorted_set_are_kept_with_the_same_attributes() -> None:
    backwards = IN_ORDER[::-1]
    parsed = parse_signed_attributes(tagged(*backwards), where="signedAttrs")
    assert parsed.received_der == der.element(der.SET, *backwards)
    assert parsed.sorted_der == der.element(der.SET, *IN_ORDER)
    assert parsed.tolerances == (RESORTED,)
    assert parsed.attributes == parse_signed_attributes(tagged(*IN_ORDER), where="signedAttrs").attributes


def test_must_20_authenticated_attributes_are_der_without_tolerance() -> None:
    assert parse_attributes(tagged(*IN_ORDER), where="authAttrs")[0] == der.set_of([ONE, TWO])
    with pytest.raises(MalformedMessage, match="not a SET OF in DER"):
        parse_attributes(tagged(*IN_ORDER[::-1]), where="authAttrs")


LONG = b"\x81" + bytes([len(TWO) - 2])


@pytest.mark.parametrize(
    "encoded",
    [
        b"\xa0\x80" + b"".join(IN_ORDER) + b"\x00\x00",
        der.element(0xA0, b"\x30" + LONG + TWO[2:]),
        der.element(0xA0, b"\x30\x80" + TWO[2:] + b"\x00\x00"),
        der.element(0xA0, TWO[:2] + b"\x06\x81" + TWO[3:]),
        der.element(0xA0, b"\x30\x82\x00" + bytes([len(TWO) - 2]) + TWO[2:]),
    ],
    ids=["indefinite-set", "long-length", "indefinite-attribute", "long-inside", "leading-zero"],
)
def test_must_6_refuses_lengths_that_are_not_der(encoded: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_signed_attributes(der.read_one(encoded), where="signedAttrs")


def test_lengths_of_der_pass_at_any_depth() -> None:
    deep = der.sequence(der.sequence(der.octet_string(b"x" * 127), der.octet_string(b"x" * 128)), b"\x05\x00")
    check_definite(der.read_one(der.sequence(deep, der.octet_string(b"x" * 70_000))), where="test")


def test_must_50_an_empty_set_is_refused_where_it_would_be_signed() -> None:
    with pytest.raises(MalformedMessage, match="empty"):
        parse_signed_attributes(tagged(), where="signedAttrs")
    assert parse_unsigned_attributes(tagged(), where="unsignedAttrs") == {}


def test_must_2_no_type_stands_twice_in_an_authenticated_set() -> None:
    with pytest.raises(MalformedMessage, match="appears twice"):
        parse_attributes(tagged(ONE, ONE), where="authAttrs")


def test_must_2_values_of_a_type_that_stands_twice_in_a_signed_set_are_counted_together() -> None:
    attributes = parse_signed_attributes(tagged(ONE, ONE), where="signedAttrs").attributes
    assert [len(values) for values in attributes.values()] == [2]


def test_must_41_values_of_several_unsigned_instances_are_taken_together() -> None:
    instances = [build_attribute(COUNTERSIGNATURE, der.integer(number)) for number in (1, 2)]
    attributes = parse_unsigned_attributes(tagged(*instances), where="unsignedAttrs")
    assert attributes == {COUNTERSIGNATURE: (der.integer(1), der.integer(2))}


def test_unsigned_attributes_may_be_ber_in_any_order() -> None:
    backwards = b"\xa1\x80" + b"".join(IN_ORDER[::-1]) + b"\x00\x00"
    assert set(parse_unsigned_attributes(der.read_one(backwards), where="unsignedAttrs")) == {
        CONTENT_TYPE,
        MESSAGE_DIGEST,
    }


@pytest.mark.parametrize(
    "attribute",
    [
        der.integer(1),
        der.sequence(der.oid(ID_DATA)),
        der.sequence(der.oid(ID_DATA), der.element(der.SET), der.element(der.SET)),
        der.sequence(der.integer(1), der.element(der.SET)),
        der.sequence(der.oid(ID_DATA), der.sequence()),
        der.sequence(der.element(der.OID), der.element(der.SET)),
    ],
)
def test_refuses_what_is_no_attribute(attribute: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_signed_attributes(tagged(attribute), where="signedAttrs")
    with pytest.raises(MalformedMessage):
        parse_unsigned_attributes(tagged(attribute), where="unsignedAttrs")


def test_reads_no_more_attributes_and_values_than_the_limit() -> None:
    many = [build_attribute(f"1.2.3.{number}", der.integer(number)) for number in range(MAX_ATTRIBUTES + 1)]
    values = build_attribute("1.2.3", *(der.integer(number) for number in range(MAX_ATTRIBUTES + 1)))
    for attributes in (many, [values]):
        with pytest.raises(LimitExceeded):
            parse_signed_attributes(tagged(*attributes), where="signedAttrs")
        with pytest.raises(LimitExceeded):
            parse_unsigned_attributes(tagged(*attributes), where="unsignedAttrs")


def test_a_single_value_is_exactly_one() -> None:
    value = der.octet_string(b"x")
    assert bytes(single_value({MESSAGE_DIGEST: (value,)}, MESSAGE_DIGEST, "message-digest").encoded) == value
    for values in ((), (value, value)):
        with pytest.raises(MalformedMessage):
            single_value({MESSAGE_DIGEST: values}, MESSAGE_DIGEST, "message-digest")
    with pytest.raises(MalformedMessage):
        single_value({}, MESSAGE_DIGEST, "message-digest")
    assert find_value({}, MESSAGE_DIGEST, "message-digest") is None
