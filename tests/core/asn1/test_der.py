"""The reader of TLVs accepts BER, refuses damage and has limits."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from smime_core.asn1 import der
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.limits import MAX_CHILDREN, MAX_INTEGER_BYTES

INDEFINITE_STRING = bytes.fromhex("2480 0403616263 2405 0403646566 0000")


def test_reads_a_constructed_string_of_indefinite_length() -> None:
    assert bytes(der.read_octets(der.read_one(INDEFINITE_STRING))) == b"abcdef"


def test_makes_indefinite_lengths_definite_and_leaves_the_rest_alone() -> None:
    inner = der.sequence(der.integer(5))
    mixed = b"\x30\x80" + inner + b"\x30\x80\x02\x01\x07\x00\x00" + b"\x00\x00"
    assert der.to_definite(der.read_one(mixed)) == der.sequence(inner, der.sequence(der.integer(7)))


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\x30",
        b"\x30\x05\x02\x01",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x04\x80\x00\x00",
        b"\x1f\x81\x00\x00",
        b"\x30\x80\x02\x01",
        b"\x30\x80\x05\x00\x00\x81\x00",
        b"\x30\x80\x05\x00\x00\x84\x00\x00\x00\x00",
        b"\x30\x80\x05\x00\x00\x01a\x00\x00",
        b"\x00\x00",
        b"\x00\x01a",
    ],
    ids=[
        "empty",
        "tag alone",
        "cut short",
        "huge length",
        "primitive indefinite",
        "high tag",
        "no end of contents",
        "end of contents in three octets",
        "end of contents in six octets",
        "end of contents with content",
        "end of contents without a beginning",
        "zero identifier",
    ],
)
def test_refuses_damaged_elements(damaged: bytes) -> None:
    with pytest.raises(MalformedMessage):
        der.read_one(damaged)


@pytest.mark.parametrize("child", [b"\x00\x00", b"\x00\x01a"], ids=["end of contents", "zero identifier"])
def test_refuses_a_zero_identifier_in_an_element_of_definite_length(child: bytes) -> None:
    with pytest.raises(MalformedMessage):
        der.read_sequence(der.sequence(der.integer(5), child))


def test_refuses_bytes_behind_the_structure() -> None:
    with pytest.raises(MalformedMessage, match="1 bytes follow"):
        der.read_one(b"\x05\x00\x00")


def test_bounds_the_nesting_of_indefinite_lengths() -> None:
    with pytest.raises(LimitExceeded, match="BER depth"):
        der.read_one(b"\x30\x80" * 10_000)


def test_bounds_the_nesting_of_constructed_strings() -> None:
    nested = b"\x04\x01a"
    for _ in range(60):
        nested = der.element(0x24, nested)
    with pytest.raises(LimitExceeded, match="BER depth"):
        der.read_octets(der.read_one(nested))


@pytest.mark.parametrize(
    "dotted", ["1.2.840.113549.1.7.2", "2.5.29.15", "2.25.138318926240923180406543086106366403209", "0.9"]
)
def test_oids_survive_the_round_trip(dotted: str) -> None:
    assert der.parse_oid(der.read_one(der.oid(dotted))) == dotted


@given(st.integers(min_value=-(2**70), max_value=2**70))
def test_integers_survive_the_round_trip(value: int) -> None:
    assert der.parse_integer(der.read_one(der.integer(value))) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    try:
        tlv = der.read_one(data)
        if tlv.is_constructed:
            der.read_children(tlv)
        der.to_definite(tlv)
    except MalformedMessage:
        pass


def test_a_flood_of_elements_is_refused() -> None:
    der.read_sequence(der.sequence(b"\x05\x00" * MAX_CHILDREN))
    with pytest.raises(LimitExceeded, match="side by side") as refused:
        der.read_sequence(der.sequence(b"\x05\x00" * (5 * MAX_CHILDREN)))
    # The refusal comes with the first element too many, so that the others never take memory.
    assert refused.value.actual == MAX_CHILDREN + 1


def test_a_number_larger_than_any_count_is_refused() -> None:
    """Python cannot write a number of more than 4,300 digits, so no error could name it."""
    assert der.parse_integer(der.read_one(der.element(der.INTEGER, b"\x7f" * MAX_INTEGER_BYTES))) > 0
    huge = der.read_one(der.element(der.INTEGER, b"\x7f" * (MAX_INTEGER_BYTES + 1)))
    with pytest.raises(LimitExceeded, match="bytes of an INTEGER is 65, at most 64"):
        der.parse_integer(huge)
    assert der.parse_number(huge) > 0
    with pytest.raises(MalformedMessage, match="found tag"):
        der.parse_integer(der.read_one(der.octet_string(bytes(100))))


@pytest.mark.parametrize(
    "text", ["", "x", "1", "1.2.-3", "1.2.", "3.1.1", "1.99.1", "1.2.03", "1.2.٣", "1.2." + "9" * 5_000, "1.2\n"]
)
def test_refuses_text_that_is_no_object_identifier(text: str) -> None:
    with pytest.raises(MalformedMessage):
        der.oid(text)


def test_writes_the_object_identifiers_that_it_reads() -> None:
    for dotted in ("0.0", "1.39.0", "2.999.3", "1.2.840.113549.1.7.2", "2.25." + str(2**128 - 1)):
        assert der.parse_oid(der.read_tlv(der.oid(dotted))[0]) == dotted
