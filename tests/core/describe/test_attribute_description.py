"""Attributes described in words; a damaged one does not hide the others, an unknown one is shown as it is."""

from __future__ import annotations

import datetime

import pytest

from smime_core import ess
from smime_core.asn1 import der
from smime_core.cms import attributes as types
from smime_core.cms.attributes import Attributes, parse_unsigned_attributes
from smime_core.cms.certificate_id import IssuerAndSerial, KeyIdentifier
from smime_core.cms.content_info import ID_DATA
from smime_core.cms.signed_attributes import build_key_preference, build_microsoft_key_preference
from smime_core.describe.attributes import content_type_name, describe_attributes
from tests.support.people import anchor

NOON = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
EVERYBODY = ((ess.mail_name("list@example.test"),),)
POLICY = ess.ReceiptPolicy(kind=ess.ReceiptPolicyKind.INSTEAD_OF, entities=EVERYBODY)
LABEL = ess.SecurityLabel(policy="1.2.3", classification=99, privacy_mark="Eyes only")
OTHER_LABEL = ess.SecurityLabel(policy="1.2.4", classification=4)


def described(attribute_der: bytes) -> tuple[str, tuple[str, ...]]:
    (description,) = describe_attributes(parse(attribute_der))
    return description.name, description.values


def parse(*attributes_der: bytes) -> Attributes:
    return parse_unsigned_attributes(der.read_one(der.set_of(list(attributes_der))), where="attributes")


@pytest.mark.parametrize(
    ("attribute_der", "name", "values"),
    [
        (ess.build_security_label(LABEL), "security label", ('policy 1.2.3, class 99, marked "Eyes only"',)),
        (
            ess.build_equivalent_labels([OTHER_LABEL], label=None),
            "equivalent labels",
            ("policy 1.2.4, secret",),
        ),
        (
            ess.build_expansion_history(
                None,
                ess.Expansion(mail_list=KeyIdentifier(value=b"\x0a"), expansion_time=NOON, receipt_policy=POLICY),
            ),
            "mailing list history",
            ("#0a, 2026-01-31T12:00:00Z, receipts: instead of",),
        ),
        (
            ess.build_receipt_request(
                ess.ReceiptRequest(signed_content_identifier=b"\x0b", receipts_from=EVERYBODY, receipts_to=EVERYBODY)
            ),
            "receipt request",
            ("identifier 0b", "from list@example.test", "to list@example.test"),
        ),
        (
            ess.build_content_hints(ess.ContentHints(content_type=ID_DATA, description="a letter")),
            "content hints",
            ("data", "a letter"),
        ),
        (ess.build_content_identifier(b"\x0c"), "content identifier", ("0c",)),
        (
            ess.build_content_reference(
                ess.ContentReference(
                    content_type=ID_DATA, signed_content_identifier=b"\x0d", originator_signature_value=b"\x0e"
                )
            ),
            "content reference",
            ("data", "identifier 0d"),
        ),
        (types.build_attribute("1.2.3.4", der.octet_string(b"\x0f")), "", ("04010f",)),
        (types.build_attribute(types.SIGNATURE_TIME_STAMP, der.sequence()), "timestamp of the signature", None),
        (types.build_attribute(types.SECURITY_LABEL, der.sequence()), "security label", None),
    ],
)
def test_says_what_an_attribute_says(attribute_der: bytes, name: str, values: tuple[str, ...] | None) -> None:
    description = described(attribute_der)
    if values is None:
        assert description[0] == name
        assert description[1][0].startswith("unreadable: ")
    else:
        assert description == (name, values)


def test_names_the_preferred_certificate_in_both_forms() -> None:
    certificate = anchor()
    expected = str(IssuerAndSerial(issuer_der=certificate.issuer_der, serial_number=certificate.serial_number))
    assert described(build_key_preference(certificate))[1] == (expected,)
    assert described(build_microsoft_key_preference(certificate))[1] == (expected,)


def test_an_unknown_content_type_is_its_number() -> None:
    assert content_type_name(ID_DATA) == "data"
    assert content_type_name("1.2.3.4") == "1.2.3.4"


def test_an_algorithm_protection_of_nothing_is_unreadable() -> None:
    (description,) = describe_attributes({types.ALGORITHM_PROTECTION: (der.sequence(),)})
    assert description.values == ("unreadable: algorithm protection: names no algorithm",)
