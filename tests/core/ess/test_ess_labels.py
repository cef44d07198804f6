"""Security labels and equivalent labels (RFC 2634 section 3)."""

from __future__ import annotations

import pytest

from smime_core.asn1 import der
from smime_core.cms.attributes import EQUIVALENT_LABELS, SECURITY_LABEL, Attributes
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.ess import (
    SecurityCategory,
    SecurityLabel,
    build_equivalent_labels,
    build_security_label,
    find_security_label,
    parse_equivalent_labels,
    parse_security_label,
)
from smime_core.ess.labels import CONFIDENTIAL, SECRET
from smime_core.limits import MAX_SECURITY_CATEGORIES
from tests.support.signed_structures import DIGEST, parse, signed_attrs, signed_data, signer_info, signer_of, verify

POLICY = "1.2.3.4"
LABEL = SecurityLabel(
    policy=POLICY,
    classification=CONFIDENTIAL,
    privacy_mark="Vertraulich – für Köln",
    categories=(SecurityCategory(type="1.2.3.5", value_der=der.integer(7)),),
)


def read(attribute_der: bytes) -> Attributes:
    type_tlv, values = der.read_sequence(attribute_der)
    return {der.parse_oid(type_tlv): tuple(bytes(value.encoded) for value in der.read_children(values))}


def label_of(*components: bytes) -> Attributes:
    return {SECURITY_LABEL: (der.element(der.SET, *components),)}


@pytest.mark.parametrize("label", [LABEL, SecurityLabel(policy=POLICY), SecurityLabel(policy=POLICY, classification=0)])
def test_a_label_comes_back_as_it_was_built(label: SecurityLabel) -> None:
    assert parse_security_label(read(build_security_label(label))) == label


def test_a_label_reads_its_components_in_any_order() -> None:
    label = label_of(der.element(0x13, b"MARK"), der.oid(POLICY), der.integer(4))
    assert parse_security_label(label) == SecurityLabel(policy=POLICY, classification=SECRET, privacy_mark="MARK")


@pytest.mark.parametrize(
    "components",
    [
        (),
        (der.integer(1),),
        (der.oid(POLICY), der.oid(POLICY)),
        (der.oid(POLICY), der.integer(257)),
        (der.oid(POLICY), der.integer(-1)),
        (der.oid(POLICY), der.element(0x13, b"A"), der.element(0x0C, b"B")),
        (der.oid(POLICY), der.element(0x0C, b"\xff")),
        (der.oid(POLICY), der.element(0x0C, b"")),
        (der.oid(POLICY), der.element(0x13, b"A" * 129)),
        (der.oid(POLICY), der.octet_string(b"A")),
        (der.oid(POLICY), der.element(der.SET)),
        (der.oid(POLICY), der.element(der.SET, der.sequence(der.element(0x80, b"\x2a")))),
        (der.oid(POLICY), der.element(der.SET, der.sequence(der.oid(POLICY), der.explicit(1, der.integer(1))))),
    ],
)
def test_refuses_a_damaged_label(components: tuple[bytes, ...]) -> None:
    with pytest.raises(MalformedMessage):
        parse_security_label(label_of(*components))


def test_refuses_to_build_what_it_would_not_read() -> None:
    with pytest.raises(MalformedMessage):
        build_security_label(SecurityLabel(policy=POLICY, classification=257))
    with pytest.raises(MalformedMessage):
        build_security_label(SecurityLabel(policy=POLICY, privacy_mark=""))


def test_reads_no_more_categories_than_the_limit() -> None:
    category = der.sequence(der.element(0x80, b"\x2a\x03"), der.explicit(1, der.integer(1)))
    categories = der.element(der.SET, *[category] * (MAX_SECURITY_CATEGORIES + 1))
    with pytest.raises(LimitExceeded):
        parse_security_label(label_of(der.oid(POLICY), categories))


def test_the_labels_of_verified_signers_are_identical() -> None:
    label, other = build_security_label(LABEL), build_security_label(SecurityLabel(policy=POLICY))
    with_label, with_other, without = (
        signer_of(parse(signed_data(signer_info(signed_attrs(DIGEST, *more))))) for more in ([label], [other], [])
    )
    assert find_security_label([without, with_label, with_label]) == LABEL
    assert find_security_label([without]) is None
    with pytest.raises(MalformedMessage, match="different labels"):
        find_security_label([with_label, with_other])


def test_must_50_a_label_is_signed_never_unsigned() -> None:
    label = build_security_label(LABEL)
    verify(signed_data(signer_info(signed_attrs(DIGEST, label))))
    with pytest.raises(MalformedMessage, match="eSSSecurityLabel is not signed"):
        verify(signed_data(signer_info(signed_attrs(), unsigned=[label])))


def test_equivalent_labels_come_back_as_they_were_built() -> None:
    labels = (SecurityLabel(policy="1.2.3.8", classification=1), SecurityLabel(policy="1.2.3.9"))
    attributes = read(build_equivalent_labels(labels, label=LABEL)) | read(build_security_label(LABEL))
    assert parse_equivalent_labels(attributes) == labels
    assert parse_equivalent_labels({}) == ()


@pytest.mark.parametrize("policies", [(), ("1.2.3.8", "1.2.3.8"), (POLICY,)])
def test_equivalent_labels_are_all_under_different_policies(policies: tuple[str, ...]) -> None:
    labels = [SecurityLabel(policy=policy) for policy in policies]
    with pytest.raises(MalformedMessage, match="different policies"):
        build_equivalent_labels(labels, label=LABEL)
    value = der.sequence(*(build_security_label(label)[-2 - len(der.oid(label.policy)) :] for label in labels))
    with pytest.raises(MalformedMessage, match="different policies"):
        parse_equivalent_labels({EQUIVALENT_LABELS: (value,)} | read(build_security_label(LABEL)))


def test_reads_no_more_equivalent_labels_than_the_limit() -> None:
    labels = [der.element(der.SET, der.oid(f"1.2.3.{number}")) for number in range(MAX_SECURITY_CATEGORIES + 1)]
    with pytest.raises(LimitExceeded):
        parse_equivalent_labels({EQUIVALENT_LABELS: (der.sequence(*labels),)})
