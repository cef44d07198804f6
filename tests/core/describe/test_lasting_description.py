"""The description of lasting signatures by `inspect`: level, timestamps and signers' claims, nothing verified."""

from __future__ import annotations

import pytest

from smime_core import describe_message
from smime_core.asn1 import der
from smime_core.blocking import run
from smime_core.cades import add_signature_timestamp, add_validation_data, signature_value
from smime_core.cms import attributes as types
from smime_core.cms.attributes import build_attribute, parse_unsigned_attributes
from smime_core.describe.attributes import describe_attributes
from smime_core.describe.description_json import description_to_json
from tests.support.people import PROVIDER, build_revocation_list, person
from tests.support.signed_structures import signed_attrs, signed_data, signer_info
from tests.support.timestamp_service import make_token, token
from tests.support.timestamped_signatures import sign, stamp

STAMP = "2026-06-01T12:00:00Z, by CN=Clock root, #"


def described(*attributes_der: bytes) -> list[tuple[str, tuple[str, ...]]]:
    parsed = parse_unsigned_attributes(der.read_one(der.set_of(list(attributes_der))), where="attributes")
    return [(attribute.name, attribute.values) for attribute in describe_attributes(parsed)]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (types.SIGNATURE_TIME_STAMP, "timestamp of the signature"),
        (types.CONTENT_TIME_STAMP, "timestamp of the content"),
        (types.ARCHIVE_TIME_STAMP_V3, "archive timestamp, version 3"),
    ],
)
def test_says_when_a_timestamp_was_made_and_by_whom(kind: str, name: str) -> None:
    ((shown_name, (value,)),) = described(build_attribute(kind, make_token(b"")))
    assert shown_name == name
    assert value.startswith(STAMP)
    assert value.endswith("policy 1.3.6.1.4.1.99.1")


def test_a_damaged_timestamp_hides_no_other() -> None:
    ((_, values),) = described(build_attribute(types.SIGNATURE_TIME_STAMP, der.sequence(), make_token(b"")))
    assert sorted(value.split(":")[0] for value in values) == ["2026-06-01T12", "unreadable"]


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        (build_attribute(types.SIGNATURE_POLICY, der.sequence(der.oid("1.2.3"))), ("signature policy", ("1.2.3",))),
        (build_attribute(types.SIGNATURE_POLICY, b"\x05\x00"), ("signature policy", ("implied",))),
        (
            build_attribute(
                types.COMMITMENT_TYPE,
                der.sequence(der.oid("1.2.840.113549.1.9.16.6.1")),
                der.sequence(der.oid("1.2.3")),
            ),
            ("commitment", ("1.2.3", "proof of origin")),
        ),
        (build_attribute(types.MIME_TYPE, der.element(0x0C, b"text/plain")), ("media type", ("text/plain",))),
        (
            build_attribute(
                types.REVOCATION_VALUES,
                der.sequence(der.explicit(0, der.sequence(build_revocation_list()))),
            ),
            ("revocation data", ("1 lists, 0 OCSP responses",)),
        ),
        (
            build_attribute(types.CERTIFICATE_VALUES, der.sequence(person("alice").certificate.der)),
            ("certificates", ("1",)),
        ),
    ],
)
def test_says_what_signers_claim_and_carry(attribute: bytes, expected: tuple[str, tuple[str, ...]]) -> None:
    ((name, values),) = described(attribute)
    assert (name, tuple(sorted(values))) == expected


@pytest.mark.parametrize("kind", [types.SIGNATURE_POLICY, types.COMMITMENT_TYPE])
def test_says_what_cannot_be_read(kind: str) -> None:
    ((_, (value,)),) = described(build_attribute(kind, der.sequence()))
    assert value.startswith("unreadable: ")


def test_says_the_level() -> None:
    cms = sign()
    levels = [cms, stamp(cms), add_validation_data(stamp(cms), crls=[build_revocation_list()])]
    assert [describe_message(message).layers[0].signers[0].level for message in levels] == ["B-B", "B-T", "B-LT"]
    bare = describe_message(signed_data(signer_info(signed_attrs())))
    assert bare.layers[0].signers[0].level == ""
    assert description_to_json(bare)["signers"][0]["level"] is None
    assert description_to_json(describe_message(cms))["signers"][0]["level"] == "B-B"


def test_a_token_alone_is_a_message_of_its_own_kind() -> None:
    (layer,) = describe_message(make_token(b"")).layers
    assert layer.content_type == "1.2.840.113549.1.9.16.1.4"
    assert len(layer.signers) == 1


def test_a_timestamp_on_one_signature_gives_the_other_no_level() -> None:
    cms = sign(person("alice"), person("bob"))
    made = token(signature_value(cms, number=0))
    stamped = run(add_signature_timestamp(cms, made, provider=PROVIDER, number=0))
    assert sorted(signer.level for signer in describe_message(stamped).layers[0].signers) == ["B-B", "B-T"]
