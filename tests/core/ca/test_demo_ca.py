"""The demonstration CA: OpenSSL and asn1crypto accept its certificates, and it makes only the faults asked for."""

from __future__ import annotations

import asyncio
import datetime
import subprocess
from pathlib import Path

import pytest
from asn1crypto import pem, x509 as asn1_x509
from cryptography.x509 import (
    AuthorityInformationAccess,
    CertificatePolicies,
    CRLDistributionPoints,
    NameConstraints,
    OtherName,
    SubjectAlternativeName,
    load_der_x509_certificate,
)

from smime_core.asn1 import der
from smime_core.ca.certificate_building import CertificateTemplate, build_certificate
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.ca.extensions import build_address_constraints, build_key_usage
from smime_core.ca.names import build_name
from smime_core.errors import MalformedMessage, UnsupportedByProvider
from smime_core.identity.identity import Identity
from smime_core.keys import public_key_of
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import KeyUsage

PROVIDER = NativeProvider()
AT = datetime.datetime(2026, 1, 31, 12, 0, 0, 250, tzinfo=datetime.UTC)
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
run = asyncio.run


@pytest.fixture(scope="module")
def authority() -> Authority:
    return run(create_authority("Example CA", provider=PROVIDER, at=AT))


@pytest.fixture(scope="module")
def alice(authority: Authority) -> Identity:
    return run(issue_identity(authority, "alice@example.test", provider=PROVIDER, at=AT, key=NewKey.P256))


def openssl_verify(folder: Path, identity: Identity, anchor: Authority, *, purpose: str = "smimesign") -> str:
    """The answer of `openssl verify` about the identity for S/MIME, at AT."""
    (folder / "ca.pem").write_bytes(pem.armor("CERTIFICATE", anchor.identity.certificate.der))
    (folder / "own.pem").write_bytes(pem.armor("CERTIFICATE", identity.certificate.der))
    chain = b"".join(pem.armor("CERTIFICATE", certificate.der) for certificate in identity.chain)
    (folder / "chain.pem").write_bytes(chain)
    command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-attime", str(int(AT.timestamp()))]
    command += ["-CAfile", str(folder / "ca.pem"), "-untrusted", str(folder / "chain.pem"), str(folder / "own.pem")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return "OK" if done.returncode == 0 else done.stderr


# OpenSSL 3.0, which some systems still have, supports neither ML-DSA nor ML-KEM.
CLASSIC = [kind for kind in NewKey if not kind.startswith("ml-")]
ENCRYPTING = {NewKey.X25519, NewKey.X448, NewKey.ML_KEM_512, NewKey.ML_KEM_768, NewKey.ML_KEM_1024}


@pytest.mark.parametrize("kind", CLASSIC)
def test_openssl_accepts_what_it_issues(tmp_path: Path, authority: Authority, kind: NewKey) -> None:
    identity = run(issue_identity(authority, "bob@example.test", provider=PROVIDER, at=AT, key=kind))
    purpose = "any" if kind in ENCRYPTING else "smimesign"
    assert openssl_verify(tmp_path, identity, authority, purpose=purpose) == "OK"


@pytest.mark.parametrize("kind", [kind for kind in NewKey if kind not in ENCRYPTING])
def test_any_key_that_signs_is_an_authority(kind: NewKey) -> None:
    root = run(create_authority("Root", provider=PROVIDER, at=AT, key=kind))
    identity = run(issue_identity(root, "bob@example.test", provider=PROVIDER, at=AT, key=NewKey.P256))
    issuer = load_der_x509_certificate(root.identity.certificate.der)
    load_der_x509_certificate(identity.certificate.der).verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(issuer)


@pytest.mark.parametrize("kind", sorted(ENCRYPTING))
def test_a_key_that_cannot_sign_is_no_authority(kind: NewKey) -> None:
    with pytest.raises(UnsupportedByProvider, match="signs nothing"):
        run(create_authority("Root", provider=PROVIDER, at=AT, key=kind))


def test_openssl_refuses_to_take_an_encrypting_certificate_for_a_signing_one(
    tmp_path: Path, authority: Authority
) -> None:
    identity = run(issue_identity(authority, "bob@example.test", provider=PROVIDER, at=AT, key=NewKey.X25519))
    assert "unsuitable certificate purpose" in openssl_verify(tmp_path, identity, authority)


def test_openssl_accepts_an_intermediate(tmp_path: Path, authority: Authority) -> None:
    middle = run(create_authority("Middle CA", provider=PROVIDER, at=AT, key=NewKey.P384, issuer=authority))
    identity = run(issue_identity(middle, "bob@example.test", provider=PROVIDER, at=AT, key=NewKey.P256))
    assert identity.chain == (middle.identity.certificate, authority.identity.certificate)
    assert openssl_verify(tmp_path, identity, authority) == "OK"


def test_authority_is_a_ca_for_ten_years(authority: Authority) -> None:
    certificate = authority.identity.certificate
    assert certificate.is_ca
    assert certificate.key_usage == KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN
    assert certificate.subject_key_identifier is not None
    assert certificate.not_before.date() == datetime.date(2026, 1, 30)
    assert certificate.not_after.date() == datetime.date(2036, 1, 29)


@pytest.mark.parametrize(
    ("kind", "usage"),
    [
        (NewKey.RSA_2048, KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_ENCIPHERMENT),
        (NewKey.P256, KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_AGREEMENT),
        (NewKey.ED25519, KeyUsage.DIGITAL_SIGNATURE),
        (NewKey.ED448, KeyUsage.DIGITAL_SIGNATURE),
        (NewKey.ML_DSA_65, KeyUsage.DIGITAL_SIGNATURE),
        (NewKey.X25519, KeyUsage.KEY_AGREEMENT),
        (NewKey.X448, KeyUsage.KEY_AGREEMENT),
        (NewKey.ML_KEM_512, KeyUsage.KEY_ENCIPHERMENT),
        (NewKey.ML_KEM_768, KeyUsage.KEY_ENCIPHERMENT),
    ],
)
def test_key_usage_fits_the_key(authority: Authority, kind: NewKey, usage: KeyUsage) -> None:
    certificate = run(issue_identity(authority, "a@example.test", provider=PROVIDER, at=AT, key=kind)).certificate
    assert certificate.key_usage == usage


def test_certificate_names_its_person_and_issuer(authority: Authority, alice: Identity) -> None:
    certificate = alice.certificate
    assert certificate.email_addresses == ("alice@example.test",)
    assert certificate.common_name == alice.friendly_name == "alice@example.test"
    assert certificate.authority_key_identifier == authority.identity.certificate.subject_key_identifier
    assert certificate.issuer_der == authority.identity.certificate.subject_der
    assert public_key_of(alice.private_key).spki_der == certificate.public_key.spki_der
    assert (certificate.not_after - certificate.not_before).days == 731


def test_common_name_can_be_given_and_is_cut_to_what_fits(authority: Authority) -> None:
    address = "a" * 60 + "@example.test"
    named = issue_identity(
        authority, address, provider=PROVIDER, at=AT, key=NewKey.P256, details=Details(common_name="Carol")
    )
    assert run(named).certificate.common_name == "Carol"
    unnamed = issue_identity(authority, address, provider=PROVIDER, at=AT, key=NewKey.P256)
    assert run(unnamed).certificate.subject == f"CN={address[:64]}"


def test_asn1crypto_reads_what_it_issues(alice: Identity) -> None:
    certificate = asn1_x509.Certificate.load(alice.certificate.der, strict=True)
    assert certificate.native["tbs_certificate"]["version"] == "v3"
    assert certificate.extended_key_usage_value.native == ["email_protection"]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "alice",
        "alice@exämple.test",
        "al ice@example.test",
        "älice\u200b@example.test",
        "Alice <alice@example.test>",
        "<a@b.test>",
        "a@b.test\n",
    ],
)
def test_refuses_what_is_no_address(authority: Authority, address: str) -> None:
    with pytest.raises(MalformedMessage, match="address"):
        run(issue_identity(authority, address, provider=PROVIDER, at=AT, key=NewKey.P256))


def test_can_issue_an_expired_certificate(tmp_path: Path, authority: Authority) -> None:
    past = AT - datetime.timedelta(days=10), AT - datetime.timedelta(days=5)
    identity = run(
        issue_identity(
            authority,
            "a@example.test",
            provider=PROVIDER,
            at=AT,
            key=NewKey.P256,
            details=Details(not_before=past[0], not_after=past[1]),
        )
    )
    assert "certificate has expired" in openssl_verify(tmp_path, identity, authority)


def test_can_issue_for_another_purpose_or_none(tmp_path: Path, authority: Authority) -> None:
    wrong = run(
        issue_identity(
            authority,
            "a@example.test",
            provider=PROVIDER,
            at=AT,
            key=NewKey.P256,
            details=Details(extended_key_usage=(CLIENT_AUTH,)),
        )
    )
    assert "unsuitable certificate purpose" in openssl_verify(tmp_path, wrong, authority)
    without = run(
        issue_identity(
            authority,
            "a@example.test",
            provider=PROVIDER,
            at=AT,
            key=NewKey.P256,
            details=Details(extended_key_usage=()),
        )
    )
    assert without.certificate.extended_key_usage is None


def test_can_issue_below_somebody_who_is_no_ca(tmp_path: Path, authority: Authority) -> None:
    false_ca = run(
        create_authority(
            "No CA", provider=PROVIDER, at=AT, key=NewKey.P256, issuer=authority, details=Details(is_ca=False)
        )
    )
    identity = run(issue_identity(false_ca, "a@example.test", provider=PROVIDER, at=AT, key=NewKey.P256))
    assert not false_ca.identity.certificate.is_ca
    assert "invalid CA certificate" in openssl_verify(tmp_path, identity, authority)


def test_a_local_part_beyond_ascii_is_an_smtp_utf8_mailbox(authority: Authority) -> None:
    issued = run(issue_identity(authority, "jürgen@example.test", provider=PROVIDER, at=AT, key=NewKey.P256))
    assert issued.certificate.email_addresses == ("jürgen@example.test",)
    (name,) = (
        load_der_x509_certificate(issued.certificate.der)
        .extensions.get_extension_for_class(SubjectAlternativeName)
        .value
    )
    assert isinstance(name, OtherName)
    assert name.type_id.dotted_string == "1.3.6.1.5.5.7.8.9"


def test_pointers_stand_in_the_certificate_as_others_read_them(authority: Authority) -> None:
    pointers = Details(
        crl_urls=("http://pki.example.test/a.crl",),
        ocsp_urls=("http://pki.example.test/ocsp",),
        issuer_urls=("http://pki.example.test/a.cer",),
        policies=("1.2.3.4", "2.23.140.1.5.1.2"),
        more=(build_address_constraints(permitted=("example.test",), excluded=(".evil.test", "a@b.test")),),
    )
    middle = run(
        create_authority("Middle", provider=PROVIDER, at=AT, key=NewKey.P256, issuer=authority, details=pointers)
    )
    certificate = load_der_x509_certificate(middle.identity.certificate.der)
    extensions = certificate.extensions
    (point,) = extensions.get_extension_for_class(CRLDistributionPoints).value
    assert point.full_name is not None
    assert [name.value for name in point.full_name] == ["http://pki.example.test/a.crl"]
    access = extensions.get_extension_for_class(AuthorityInformationAccess).value
    assert [(description.access_method.dotted_string, description.access_location.value) for description in access] == [
        ("1.3.6.1.5.5.7.48.1", "http://pki.example.test/ocsp"),
        ("1.3.6.1.5.5.7.48.2", "http://pki.example.test/a.cer"),
    ]
    policies = extensions.get_extension_for_class(CertificatePolicies).value
    assert [policy.policy_identifier.dotted_string for policy in policies] == ["1.2.3.4", "2.23.140.1.5.1.2"]
    constraints = extensions.get_extension_for_class(NameConstraints)
    assert constraints.critical
    assert [name.value for name in constraints.value.permitted_subtrees or ()] == ["example.test"]
    assert [name.value for name in constraints.value.excluded_subtrees or ()] == [".evil.test", "a@b.test"]


def test_a_key_that_is_there_is_certified_again(authority: Authority) -> None:
    again = run(
        create_authority(
            "Example CA", provider=PROVIDER, at=AT, key=authority.identity.private_key, details=Details(path_length=0)
        )
    ).identity.certificate
    assert again.public_key.spki_der == authority.identity.certificate.public_key.spki_der
    assert again.path_length == 0
    assert again.serial_number != authority.identity.certificate.serial_number


@pytest.mark.parametrize("usage", [KeyUsage(1 << number) for number in range(9)] + [KeyUsage(0b1_0000_0001)])
def test_key_usage_is_written_to_its_last_bit(authority: Authority, usage: KeyUsage) -> None:
    value = der.read_one(build_key_usage(usage).value).content
    assert value[0] == (-usage.value.bit_length()) % 8
    assert value[-1] & (1 << value[0])
    template = CertificateTemplate(
        serial_number=1,
        subject_der=build_name(),
        public_key=authority.identity.certificate.public_key,
        not_before=AT,
        not_after=AT,
        extensions=(build_key_usage(usage),),
    )
    signing_key = authority.identity.private_key
    certificate = run(build_certificate(template, issuer_der=build_name(), signing_key=signing_key, provider=PROVIDER))
    assert certificate.key_usage == usage
