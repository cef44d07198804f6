"""The readable page of a certificate."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from sealwax.roots import mozilla_anchors
from smime_core import Certificate, TrustAnchor, parse_certificate
from smime_core.pkix import RevocationState, RevocationStatus, TrustSource
from smime_core.report.certificate_page import CertificatePage, describe_certificate, page_to_json
from tests.support.people import NOW, anchor, person

KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example CA")])


def certify(*extensions: x509.ExtensionType, issuer: x509.Name = NAME) -> Certificate:
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=NAME,
        public_key=KEY.public_key(),
        serial_number=0xABC,
        not_valid_before=NOW,
        not_valid_after=NOW + datetime.timedelta(days=1),
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return parse_certificate(builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER))


def rows(page: CertificatePage) -> dict[str, tuple[str, ...]]:
    return {row.code: row.texts for row in page.rows}


def page(*extensions: x509.ExtensionType) -> dict[str, tuple[str, ...]]:
    return rows(describe_certificate(certify(*extensions)))


def test_a_persons_page_says_who_until_when_what_for_and_by_whom() -> None:
    certificate = person("alice").certificate
    described = describe_certificate(certificate)
    assert described.title == "alice@example.test"
    shown = rows(described)
    colons = ":".join(certificate.fingerprint[start : start + 2] for start in range(0, 64, 2)).upper()
    sha1 = hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest().upper()
    assert shown["addresses"] == ("alice@example.test",)
    assert shown["issuer"] == ("CN=Test CA",)
    assert shown["not-before"] == ("2026-05-31 12:00:00 UTC",)
    assert shown["not-after"] == ("2028-05-31 12:00:00 UTC",)
    assert shown["uses"] == ("signing", "receiving encrypted mail")
    assert shown["purposes"] == ("e-mail",)
    assert shown["key"] == ("RSA 2048",)
    assert shown["sha256"] == (colons,)
    assert shown["sha1"][0].replace(":", "") == sha1
    assert not {"trust", "revocation", "authority", "constraints", "policies", "revocation-asked"} & shown.keys()


def test_trust_and_revocation_are_said_when_they_are_known() -> None:
    trusted = TrustAnchor(certificate=anchor(), source=TrustSource.USER, accepted_at=NOW, addresses=("@a.test",))
    status = RevocationStatus(certificate=anchor(), state=RevocationState.REVOKED, revoked_at=NOW)
    shown = rows(describe_certificate(anchor(), anchor=trusted, revocation=status))
    assert shown["trust"] == ("accepted by you on 2026-06-01 for @a.test",)
    assert shown["revocation"] == ("revoked on 2026-06-01",)


def test_a_root_is_issued_by_itself_and_others_name_their_issuer() -> None:
    assert page()["issuer"] == ("itself",)
    other = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Above")])
    assert rows(describe_certificate(certify(issuer=other)))["issuer"] == ("CN=Above",)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (None, "may vouch for people and for other authorities"),
        (0, "may vouch for people, not for other authorities"),
        (2, "may vouch for people, and for authorities up to 2 levels below"),
    ],
)
def test_the_page_says_how_far_an_authority_may_vouch(length: int | None, text: str) -> None:
    assert page(x509.BasicConstraints(ca=True, path_length=length))["authority"] == (text,)


def test_without_a_key_usage_any_use_is_open() -> None:
    shown = page(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ObjectIdentifier("1.2.3")]))
    assert shown["uses"] == ("any use",)
    assert shown["purposes"] == ("logging in", "1.2.3")


def test_constraints_stand_as_people_read_them() -> None:
    constraints = x509.NameConstraints(
        permitted_subtrees=[
            x509.RFC822Name("example.test"),
            x509.DNSName("host.test"),
            x509.DirectoryName(NAME),
            x509.IPAddress(ipaddress.ip_network("10.0.0.0/8")),
        ],
        excluded_subtrees=[x509.RFC822Name("root@example.test")],
    )
    assert page(constraints)["constraints"] == (
        "only: mail of example.test",
        "only: host host.test",
        "only: CN=Example CA",
        "only: network 10.0.0.0/255.0.0.0",
        "never: mail of root@example.test",
    )


def test_policies_are_named_where_the_baseline_requirements_name_them() -> None:
    oids = ("2.23.140.1.5.1.3", "1.2.3.4", "2.5.29.32.0")
    policies = [x509.PolicyInformation(ObjectIdentifier(oid), None) for oid in oids]
    assert page(x509.CertificatePolicies(policies))["policies"] == (
        "1.2.3.4",
        "2.23.140.1.5.1.3 (mailbox checked, strict)",
        "2.5.29.32.0 (any policy)",
    )


def test_where_revocation_and_issuer_are_asked_for() -> None:
    def at(method: ObjectIdentifier, url: str) -> x509.AccessDescription:
        return x509.AccessDescription(method, x509.UniformResourceIdentifier(url))

    shown = page(
        x509.AuthorityInformationAccess(
            [
                at(AuthorityInformationAccessOID.OCSP, "http://ocsp.example.test/"),
                at(AuthorityInformationAccessOID.CA_ISSUERS, "http://ca.example.test/ca.cer"),
            ]
        ),
        x509.CRLDistributionPoints(
            [
                x509.DistributionPoint(
                    [x509.UniformResourceIdentifier("http://ca.example.test/ca.crl")], None, None, None
                )
            ]
        ),
    )
    assert shown["revocation-asked"] == ("OCSP http://ocsp.example.test/", "list http://ca.example.test/ca.crl")
    assert shown["issuer-found"] == ("http://ca.example.test/ca.cer",)


@pytest.mark.parametrize(
    ("oid", "code"),
    [
        ("2.5.29.30", "constraints"),
        ("2.5.29.32", "policies"),
        ("2.5.29.31", "revocation-asked"),
        ("1.3.6.1.5.5.7.1.1", "revocation-asked"),
    ],
)
def test_a_damaged_extension_is_reported_in_its_place(oid: str, code: str) -> None:
    shown = page(x509.UnrecognizedExtension(ObjectIdentifier(oid), b"\x30\x05\x01"))
    assert shown[code][0].startswith("unreadable: ")
    assert shown["sha256"]


def test_hundreds_of_constraints_are_cut_short() -> None:
    many = [x509.RFC822Name(f"d{number}.test") for number in range(300)]
    shown = page(x509.NameConstraints(permitted_subtrees=many, excluded_subtrees=None))["constraints"]
    assert (len(shown), shown[-1]) == (51, "and 250 more")


def test_a_constraint_without_a_name_is_said_to_be_unreadable() -> None:
    empty = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.30"), bytes.fromhex("3004a0023000"))
    assert page(empty)["constraints"][0].startswith("unreadable: ")


def test_every_root_of_mozilla_has_a_page() -> None:
    for trusted in mozilla_anchors():
        described = describe_certificate(trusted.certificate, anchor=trusted)
        assert not any(value.startswith("unreadable") for row in described.rows for value in row.texts)


def test_the_page_as_json() -> None:
    value = page_to_json(describe_certificate(anchor()))
    assert value["title"] == "Test CA"
    key = {"text": "RSA 2048", "code": "", "values": {}}
    uses = [
        {"text": "issuing certificates", "code": "use-key-cert-sign", "values": {}},
        {"text": "signing revocation lists", "code": "use-crl-sign", "values": {}},
    ]
    assert {"code": "key", "label": "key", "values": [key]} in value["rows"]  # type: ignore[operator]
    assert {"code": "uses", "label": "for", "values": uses} in value["rows"]  # type: ignore[operator]
