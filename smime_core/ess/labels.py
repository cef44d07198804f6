"""Security labels and equivalent labels (RFC 2634 section 3).

This module only reads, writes and compares labels. The caller must know what each policy allows people to see. Section
numbers in this module are from RFC 2634.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.cms.attributes import (
    EQUIVALENT_LABELS,
    SECURITY_LABEL,
    Attributes,
    build_attribute,
    find_fields,
    find_value,
)
from smime_core.cms.signer_info import SignerInfo
from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_SECURITY_CATEGORIES, check_limit

UNMARKED: Final = 0
UNCLASSIFIED: Final = 1
RESTRICTED: Final = 2
CONFIDENTIAL: Final = 3
SECRET: Final = 4
TOP_SECRET: Final = 5

_PRINTABLE_STRING: Final = 0x13
_MAX_CLASSIFICATION: Final = 256  # ub-integer-options of RFC 2634
_MAX_PRINTABLE_MARK: Final = 128  # characters, ub-privacy-mark-length of RFC 2634


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityCategory:
    """One category of a label. `value_der` is the element that the policy defines for the OID `type`."""

    type: str
    value_der: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityLabel:
    """An ESSSecurityLabel (section 3.2). `policy` is an OID; the policy defines the meaning of a classification."""

    policy: str
    classification: int | None = None
    privacy_mark: str | None = None
    categories: tuple[SecurityCategory, ...] = ()


def parse_security_label(attributes: Attributes) -> SecurityLabel | None:
    """Parse the eSSSecurityLabel attribute; None if it is absent. Raises MalformedMessage or LimitExceeded."""
    value = find_value(attributes, SECURITY_LABEL, "eSSSecurityLabel")
    return _parse_label(value) if value else None


def find_security_label(verified: Sequence[SignerInfo]) -> SecurityLabel | None:
    """The label of a SignedData, from the signers whose signatures were verified (section 3.1.2).

    Raises MalformedMessage if the labels of the signers differ; the caller must then warn the user.
    """
    values = {signer.attributes[SECURITY_LABEL] for signer in verified if SECURITY_LABEL in signer.attributes}
    if len(values) > 1:
        raise MalformedMessage("the signers give different labels", where="eSSSecurityLabel")
    labels = (parse_security_label(signer.attributes) for signer in verified)
    return next((label for label in labels if label is not None), None)


def build_security_label(label: SecurityLabel) -> bytes:
    """DER of an eSSSecurityLabel attribute, which every signer of a SignedData must have. Raises MalformedMessage."""
    return build_attribute(SECURITY_LABEL, _build_label(label))


def parse_equivalent_labels(attributes: Attributes) -> tuple[SecurityLabel, ...]:
    """Parse the equivalentLabels attribute; empty if absent (section 3.4).

    Use it only from a signer who is trusted to translate between policies, and only if the policy of the
    eSSSecurityLabel itself is unknown. Raises MalformedMessage, also if a policy occurs twice.
    """
    members = find_fields(attributes, EQUIVALENT_LABELS, "equivalentLabels")
    if members is None:
        return ()
    check_limit("equivalent labels", len(members), MAX_SECURITY_CATEGORIES)
    labels = tuple(_parse_label(member) for member in members)
    _check_equivalent(labels, parse_security_label(attributes))
    return labels


def build_equivalent_labels(labels: Sequence[SecurityLabel], *, label: SecurityLabel | None) -> bytes:
    """DER of an equivalentLabels attribute for the label `label`. Raises MalformedMessage if a policy occurs twice."""
    _check_equivalent(labels, label)
    return build_attribute(EQUIVALENT_LABELS, der.sequence(*map(_build_label, labels)))


def _check_equivalent(labels: Sequence[SecurityLabel], label: SecurityLabel | None) -> None:
    # Section 3.4.1: at least one label, and all policies differ, including that of the eSSSecurityLabel.
    policies = [each.policy for each in (*labels, *([label] if label else []))]
    if not labels or len(set(policies)) != len(policies):
        raise MalformedMessage("expected labels under different policies", where="equivalentLabels")


def _parse_label(tlv: Tlv) -> SecurityLabel:
    # A label is a SET, so its components come in any order, are identified by their tags and occur at most once.
    where = "ESSSecurityLabel"
    components = der.read_children(der.expect(tlv, der.SET, where), where)
    by_tag = {component.tag: component for component in components}
    known = {der.OID, der.INTEGER, _PRINTABLE_STRING, der.UTF8_STRING, der.SET}
    marks = [by_tag[tag] for tag in (_PRINTABLE_STRING, der.UTF8_STRING) if tag in by_tag]
    if len(by_tag) != len(components) or not by_tag.keys() <= known or len(marks) > 1 or der.OID not in by_tag:
        raise MalformedMessage("expected a policy, and each other component at most once", where)
    classification = der.parse_integer(by_tag[der.INTEGER], where) if der.INTEGER in by_tag else None
    _check_classification(classification)
    return SecurityLabel(
        policy=der.parse_oid(by_tag[der.OID], where),
        classification=classification,
        privacy_mark=_parse_mark(marks[0]) if marks else None,
        categories=_parse_categories(by_tag[der.SET]) if der.SET in by_tag else (),
    )


def _check_classification(classification: int | None) -> None:
    if classification is not None and not 0 <= classification <= _MAX_CLASSIFICATION:
        raise MalformedMessage(f"classification is {classification}, expected 0 to 256", where="ESSSecurityLabel")


def _parse_mark(tlv: Tlv) -> str:
    encoding = "ascii" if tlv.tag == _PRINTABLE_STRING else "utf-8"
    try:
        mark = bytes(tlv.content).decode(encoding)
    except UnicodeDecodeError as error:
        raise MalformedMessage("the privacy mark is not text", where="ESSSecurityLabel") from error
    if not mark or (tlv.tag == _PRINTABLE_STRING and len(mark) > _MAX_PRINTABLE_MARK):
        raise MalformedMessage(f"a privacy mark of {len(mark)} characters", where="ESSSecurityLabel")
    return mark


def _parse_categories(tlv: Tlv) -> tuple[SecurityCategory, ...]:
    where = "security-categories"
    members = der.read_children(tlv, where)
    check_limit("security categories", len(members), MAX_SECURITY_CATEGORIES)
    if not members:
        raise MalformedMessage("an empty set, which would have to be absent", where)
    return tuple(_parse_category(member) for member in members)


def _parse_category(tlv: Tlv) -> SecurityCategory:
    # The field type is [0] IMPLICIT. The field value is [1] EXPLICIT, because it can have any ASN.1 type.
    where = "SecurityCategory"
    fields = der.read_fields(tlv, where, 2, expected="type and value")
    type_der = der.element(der.OID, der.expect(fields[0], 0x80, where).content)
    value = der.expect(fields[1], 0xA1, where).content
    return SecurityCategory(
        type=der.parse_oid(der.read_one(type_der), where),
        value_der=bytes(der.read_one(value, where).encoded),
    )


def _build_label(label: SecurityLabel) -> bytes:
    # The privacy mark is always UTF8String, so that the order of tags in DER is the order of fields in the RFC.
    _check_classification(label.classification)
    if label.privacy_mark == "":
        raise MalformedMessage("an empty privacy mark", where="ESSSecurityLabel")
    return der.element(
        der.SET,
        b"" if label.classification is None else der.integer(label.classification),
        der.oid(label.policy),
        b"" if label.privacy_mark is None else der.element(der.UTF8_STRING, label.privacy_mark.encode()),
        der.set_of([_build_category(category) for category in label.categories]) if label.categories else b"",
    )


def _build_category(category: SecurityCategory) -> bytes:
    type_content = der.read_one(der.oid(category.type)).content
    return der.sequence(der.element(0x80, type_content), der.explicit(1, category.value_der))
