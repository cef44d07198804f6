"""`sealwax inspect` shows what the core has no use for: attribute certificates, attributes of requests, rare bags."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, core, csr, keys, pkcs12, x509
from hypothesis import given, strategies as st

from sealwax.cli.verbs.inspect_further import further_parts
from tests.support.command.lab import Lab

BOB = x509.Name.build({"common_name": "Bob Example"})
AUTHORITY = x509.Name.build({"common_name": "Example Attribute Authority"})
ALGORITHM = {"algorithm": "sha256_ecdsa"}


class Texts(core.SetOf):  # type: ignore[misc]  # asn1crypto has no types
    _child_spec = core.UTF8String


def attribute_certificate() -> cms.AttributeCertificateV2:
    role = {"role_name": x509.GeneralName("uniform_resource_identifier", "urn:example:doctor")}
    groups = {"values": [cms.IetfAttrValue("string", "surgery"), cms.IetfAttrValue("string", "night shift")]}
    clearance = {"policy_id": "1.2.3.4", "class_list": {"secret", "confidential"}}
    info = {
        "version": "v2",
        "holder": {"entity_name": [x509.GeneralName("directory_name", BOB)]},
        "issuer": cms.AttCertIssuer("v2_form", {"issuer_name": [x509.GeneralName("directory_name", AUTHORITY)]}),
        "signature": ALGORITHM,
        "serial_number": 0x1234,
        "att_cert_validity_period": {
            "not_before_time": datetime(2026, 1, 1, tzinfo=UTC),
            "not_after_time": datetime(2027, 1, 1, tzinfo=UTC),
        },
        "attributes": [
            {"type": "role", "values": [role]},
            {"type": "group", "values": [groups]},
            {"type": "clearance", "values": [clearance]},
        ],
    }
    return cms.AttributeCertificateV2({"ac_info": info, "signature_algorithm": ALGORITHM, "signature": b"\0" * 8})


def signed_data(*certificates: cms.CertificateChoices) -> bytes:
    content = {
        "version": "v3",
        "digest_algorithms": [],
        "encap_content_info": {"content_type": "data"},
        "certificates": list(certificates),
        "signer_infos": [],
    }
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(content)}).dump())


def request() -> bytes:
    key = keys.PublicKeyInfo({"algorithm": {"algorithm": "ed25519"}, "public_key": b"\1" * 32})
    attributes = [
        {"type": "1.2.840.113549.1.9.7", "values": [x509.DirectoryString("utf8_string", "hush")]},
        {"type": "1.2.840.113549.1.9.2", "values": Texts(["printer 7"])},
    ]
    info = {"version": "v1", "subject": BOB, "subject_pk_info": key, "attributes": attributes}
    made = {"certification_request_info": info, "signature_algorithm": ALGORITHM, "signature": b"\0" * 8}
    return bytes(csr.CertificationRequest(made).dump())


def pfx_with_secret() -> bytes:
    secret = pkcs12.SecretBag({"secret_type_id": "1.2.3", "secret_value": core.OctetString(b"hush")})
    bags = pkcs12.SafeContents([{"bag_id": "secret_bag", "bag_value": secret}])
    safe = cms.ContentInfo({"content_type": "data", "content": core.OctetString(bags.dump())})
    whole = core.OctetString(pkcs12.AuthenticatedSafe([safe]).dump())
    return bytes(pkcs12.Pfx({"version": "v3", "auth_safe": {"content_type": "data", "content": whole}}).dump())


CERTIFICATE_LINES = (
    "attribute certificate 1234 of CN=Bob Example, issued by CN=Example Attribute Authority,"
    " valid 2026-01-01 to 2027-01-01",
    "attribute of CN=Bob Example: role: urn:example:doctor",
    "attribute of CN=Bob Example: group: surgery, night shift",
    "attribute of CN=Bob Example: clearance: policy 1.2.3.4: confidential, secret",
)


@pytest.mark.parametrize("form", ["alone", "in a message"])
def test_an_attribute_certificate_is_told_with_its_attributes(form: str) -> None:
    made = attribute_certificate()
    data = made.dump() if form == "alone" else signed_data(cms.CertificateChoices("v2_attr_cert", made))
    assert further_parts(data) == CERTIFICATE_LINES


def test_the_command_shows_them_as_text_and_as_json(tmp_path: Path) -> None:
    file = tmp_path / "bob.ac"
    file.write_bytes(attribute_certificate().dump())
    lab = Lab(tmp_path)
    shown = lab.sealwax("inspect", file.name)
    assert (shown.code, [line in shown.stdout.decode() for line in CERTIFICATE_LINES]) == (0, [True] * 4)
    members: dict[str, Any] = json.loads(lab.sealwax("inspect", "--json", file.name).stdout)
    assert tuple(members["furtherParts"]) == CERTIFICATE_LINES


def test_the_attributes_of_a_request_are_named_and_its_password_is_not_shown() -> None:
    lines = further_parts(request())
    assert set(lines) == {
        "attribute of the request: challenge password",
        "attribute of the request: unstructured name: printer 7",
    }


def test_a_rare_bag_is_named_and_its_secret_is_not_shown() -> None:
    assert further_parts(pfx_with_secret()) == ("bag that is not read: a secret",)


def test_what_the_core_reads_has_no_further_lines() -> None:
    assert further_parts(b"Subject: x\r\n\r\nhello") == ()
    assert further_parts(signed_data()) == ()


@given(st.data())
def test_damaged_bytes_raise_nothing_and_end_soon(drawn: st.DataObject) -> None:
    data = bytearray(drawn.draw(st.sampled_from([attribute_certificate().dump(), request(), pfx_with_secret()])))
    for _ in range(drawn.draw(st.integers(1, 4))):
        data[drawn.draw(st.integers(0, len(data) - 1))] = drawn.draw(st.integers(0, 255))
    lines = further_parts(bytes(data))
    assert len(lines) <= 100
    assert all(len(line) <= 300 for line in lines)
