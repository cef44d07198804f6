"""contentHints, contentIdentifier, contentReference (RFC 2634 sections 2.9, 2.7, 2.11), and RFC 4134's example."""

from __future__ import annotations

import dataclasses

import pytest

from smime_core.asn1 import der
from smime_core.cms.attributes import CONTENT_HINTS, CONTENT_IDENTIFIER, CONTENT_REFERENCE, Attributes
from smime_core.cms.content_info import ID_DATA, ID_ENVELOPED_DATA
from smime_core.errors import MalformedMessage
from smime_core.ess import (
    ContentHints,
    ContentReference,
    build_content_hints,
    build_content_identifier,
    build_content_reference,
    parse_content_hints,
    parse_content_identifier,
    parse_content_reference,
    parse_equivalent_labels,
    parse_expansion_history,
    parse_security_label,
)
from tests.support.signed_structures import DIGEST, parse, signed_attrs, signed_data, signer_info, signer_of, verify
from tests.support.vectors import vectors


def read(attribute_der: bytes) -> Attributes:
    type_tlv, values = der.read_sequence(attribute_der)
    return {der.parse_oid(type_tlv): tuple(bytes(value.encoded) for value in der.read_children(values))}


@pytest.mark.parametrize("description", [None, "Grüße"])
def test_content_hints_come_back_as_they_were_built(description: str | None) -> None:
    hints = ContentHints(content_type=ID_ENVELOPED_DATA, description=description)
    assert parse_content_hints(read(build_content_hints(hints))) == hints
    assert parse_content_hints({}) is None


@pytest.mark.parametrize(
    "value",
    [
        der.sequence(),
        der.sequence(der.element(0x0C, b"x")),
        der.sequence(der.element(0x0C, b"\xff"), der.oid(ID_DATA)),
        der.sequence(der.element(0x13, b"x"), der.oid(ID_DATA)),
        der.sequence(der.oid(ID_DATA), der.oid(ID_DATA), der.oid(ID_DATA)),
    ],
)
def test_refuses_damaged_content_hints(value: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_content_hints({CONTENT_HINTS: (value,)})


def test_a_content_reference_finds_the_signer_that_it_means() -> None:
    identified = signer_of(parse(signed_data(signer_info(signed_attrs(DIGEST, build_content_identifier(b"id"))))))
    reference = ContentReference(
        content_type=ID_DATA, signed_content_identifier=b"id", originator_signature_value=identified.signature
    )
    assert parse_content_reference(read(build_content_reference(reference))) == reference
    assert reference.refers_to(identified)
    for change in (
        {"content_type": ID_ENVELOPED_DATA},
        {"signed_content_identifier": b"other"},
        {"originator_signature_value": b"other"},
    ):
        assert not dataclasses.replace(reference, **change).refers_to(identified)
    assert not reference.refers_to(signer_of(parse(signed_data(signer_info(None)))))
    assert parse_content_reference({}) is None


def test_refuses_a_damaged_reference_or_identifier() -> None:
    with pytest.raises(MalformedMessage):
        parse_content_reference({CONTENT_REFERENCE: (der.sequence(der.oid(ID_DATA), der.octet_string(b"id")),)})
    with pytest.raises(MalformedMessage):
        parse_content_identifier({CONTENT_IDENTIFIER: (der.integer(1),)})
    assert parse_content_identifier({}) is None


def test_must_50_an_attribute_of_ess_has_one_value() -> None:
    """RFC 2634 section 1.3.4, for signed and for unsigned attributes."""
    double = der.sequence(der.oid(CONTENT_IDENTIFIER), der.set_of([der.octet_string(b"a"), der.octet_string(b"b")]))
    single = build_content_identifier(b"a")
    verify(signed_data(signer_info(signed_attrs(DIGEST, single))))
    verify(signed_data(signer_info(signed_attrs(), unsigned=[single])))
    with pytest.raises(MalformedMessage, match="contentIdentifier has 2 values"):
        verify(signed_data(signer_info(signed_attrs(DIGEST, double))))
    with pytest.raises(MalformedMessage, match="contentIdentifier has 2 values"):
        verify(signed_data(signer_info(signed_attrs(), unsigned=[double])))


def test_reads_the_attributes_of_rfc_4134_section_4_10() -> None:
    attributes = signer_of(parse((vectors("rfc4134") / "4.10.bin").read_bytes())).attributes
    hints = parse_content_hints(attributes)
    assert hints == ContentHints(content_type=ID_DATA, description="Content Hints Description Buffer")
    label = parse_security_label(attributes)
    assert label is not None
    assert (label.policy, label.classification) == ("1.2.3.4.5.6.7.8", 1)
    assert label.privacy_mark == "THIS IS A PRIVACY MARK TEST"
    assert len(label.categories) == 1
    assert len(parse_equivalent_labels(attributes)) == 2
    reference = parse_content_reference(attributes)
    assert reference is not None
    assert reference.signed_content_identifier == b"Content Reference Content Identifier Buffer"
    history = parse_expansion_history(attributes)
    assert history is not None
    assert history[0].receipt_policy is not None
