"""The profile: certificates by the templates break no rule and satisfy OpenSSL, and each rule finds its breach."""

from __future__ import annotations

import dataclasses
import datetime
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from smime_core.asn1 import der
from smime_core.asn1.pem import build_pem
from smime_core.blocking import run
from smime_core.ca.certificate_building import CertificateTemplate, build_certificate, new_serial_number
from smime_core.ca.extensions import (
    CLIENT_AUTH,
    build_authority_information_access,
    build_crl_distribution_points,
    build_extended_key_usage,
    build_key_usage,
    build_subject_alt_name,
)
from smime_core.ca.names import COMMON_NAME, EMPTY_NAME, ORGANIZATION_NAME, build_name
from smime_core.ca.profile import (
    Generation,
    Publication,
    Term,
    authority_name,
    issuing_template,
    responder_template,
    root_template,
    subscriber_template,
)
from smime_core.ca.profile_checks import Finding, check_profile
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.keys import parse_public_key, public_key_of
from smime_core.provider import NewKey, PrivateKey, PublicKey
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import EMAIL_PROTECTION, Certificate, Extension, KeyUsage

PROVIDER = NativeProvider()
AT = datetime.datetime(2026, 6, 1, 12, 0, 0, 250, tzinfo=datetime.UTC)
PUBLICATION = Publication(
    crl_url="http://pki.example.test/issuing.crl",
    ocsp_url="http://pki.example.test/ocsp",
    issuer_url="http://pki.example.test/issuing.cer",
)
SIGNING_KINDS = [kind for kind in NewKey if kind.value.startswith(("rsa", "p-", "ed", "ml-dsa"))]
CLASSIC = [kind for kind in SIGNING_KINDS if not kind.startswith("ml-")]


@dataclasses.dataclass(frozen=True)
class Rig:
    """A root and an issuing CA below it."""

    root: Certificate
    root_key: PrivateKey
    issuing: Certificate
    issuing_key: PrivateKey

    def issue(self, template: CertificateTemplate) -> Certificate:
        return run(
            build_certificate(
                template, issuer_der=self.issuing.subject_der, signing_key=self.issuing_key, provider=PROVIDER
            )
        )

    def subscriber(
        self,
        *addresses: str,
        key: PublicKey | None = None,
        generation: Generation = Generation.MULTIPURPOSE,
        days: int = 365,
    ) -> CertificateTemplate:
        return subscriber_template(
            new_serial_number(PROVIDER),
            addresses or ("alice@example.test",),
            key or new_public_key(NewKey.P256),
            issuer=self.issuing,
            publication=PUBLICATION,
            term=Term(at=AT, days=days),
            generation=generation,
        )


def new_public_key(kind: NewKey) -> PublicKey:
    return public_key_of(run(PROVIDER.generate_key(kind)))


def small_rsa_key() -> PublicKey:
    """A public key of 1,024 bits. The tests do not need its factors."""
    numbers = der.sequence(der.integer((1 << 1023) + 1), der.integer(65537))
    algorithm = der.sequence(der.oid("1.2.840.113549.1.1.1"), b"\x05\x00")
    return parse_public_key(der.sequence(algorithm, der.element(3, b"\0", numbers)))


def build_rig(*, allows_login: bool = False, days: int = 3650) -> Rig:
    root_key, issuing_key = run(PROVIDER.generate_key(NewKey.P384)), run(PROVIDER.generate_key(NewKey.P256))
    root_der = authority_name("Example Root CA", organization="Example", country="de")
    root = run(
        build_certificate(
            root_template(1 << 80, root_der, public_key_of(root_key), term=Term(at=AT, days=7300)),
            issuer_der=root_der,
            signing_key=root_key,
            provider=PROVIDER,
        )
    )
    template = issuing_template(
        1 << 81,
        authority_name("Example Issuing CA", organization="Example", country="de"),
        public_key_of(issuing_key),
        root=root,
        publication=Publication(crl_url="http://pki.example.test/root.crl"),
        term=Term(at=AT, days=days),
        allows_login=allows_login,
    )
    issuing = run(build_certificate(template, issuer_der=root_der, signing_key=root_key, provider=PROVIDER))
    return Rig(root=root, root_key=root_key, issuing=issuing, issuing_key=issuing_key)


@pytest.fixture(scope="module")
def rig() -> Rig:
    return build_rig()


@pytest.mark.parametrize(("common_name", "organization"), [("", "Example"), ("Example CA", "")])
def test_a_ca_has_a_name_and_an_organisation(common_name: str, organization: str) -> None:
    with pytest.raises(MalformedMessage, match="a common name and an organisation"):
        authority_name(common_name, organization=organization)


def test_a_url_is_ascii() -> None:
    with pytest.raises(MalformedMessage, match="a URL is ASCII"):
        build_crl_distribution_points(["http://exämple.test/a.crl"])


def openssl_verify(folder: Path, rig: Rig, certificate: Certificate, *, purpose: str = "smimesign") -> str:
    for name, link in (("root", rig.root), ("issuing", rig.issuing), ("own", certificate)):
        (folder / name).write_bytes(build_pem("CERTIFICATE", link.der))
    command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-attime", str(int(AT.timestamp()))]
    command += ["-CAfile", "root", "-untrusted", "issuing", "own"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=30)
    return "OK" if done.returncode == 0 else done.stderr


@pytest.mark.parametrize("generation", Generation)
@pytest.mark.parametrize("kind", SIGNING_KINDS)
def test_an_issued_certificate_breaks_no_rule(tmp_path: Path, rig: Rig, kind: NewKey, generation: Generation) -> None:
    issued = rig.issue(rig.subscriber(key=new_public_key(kind), generation=generation, days=825))
    assert check_profile(issued) == ()
    if kind in CLASSIC:  # OpenSSL 3.0, which some systems still have, does not support ML-DSA
        assert openssl_verify(tmp_path, rig, issued) == "OK"


@pytest.mark.parametrize(
    "address", ["jürgen@example.test", "a" * 60 + "@example.test"], ids=["beyond ASCII", "longer than a common name"]
)
def test_unusual_addresses_break_no_rule_either(tmp_path: Path, rig: Rig, address: str) -> None:
    issued = rig.issue(rig.subscriber(address))
    assert issued.email_addresses == (address,)
    assert check_profile(issued) == ()
    assert openssl_verify(tmp_path, rig, issued) == "OK"


def test_an_address_too_long_for_the_subject_leaves_it_empty_and_its_extension_critical(rig: Rig) -> None:
    issued = rig.issue(rig.subscriber("a" * 60 + "@example.test"))
    assert issued.subject_der == EMPTY_NAME
    assert next(extension for extension in issued.extensions if extension.oid == "2.5.29.17").critical


def test_the_issuing_ca_is_for_mail_and_for_nobody_below_it(rig: Rig) -> None:
    assert rig.issuing.path_length == 0
    assert rig.issuing.extended_key_usage == (EMAIL_PROTECTION,)
    assert rig.root.extended_key_usage is None
    assert rig.root.path_length is None
    for certificate in (rig.root, rig.issuing):
        assert certificate.is_ca
        assert certificate.key_usage == KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN
    assert rig.root.subject == "CN=Example Root CA, O=Example, C=DE"


def test_only_a_ca_that_allows_it_issues_for_logging_in(tmp_path: Path) -> None:
    rig = build_rig(allows_login=True)
    issued = rig.issue(rig.subscriber())
    assert issued.extended_key_usage == (EMAIL_PROTECTION, CLIENT_AUTH)
    assert check_profile(issued) == ()
    assert openssl_verify(tmp_path, rig, issued, purpose="sslclient") == "OK"
    assert rig.issue(rig.subscriber(generation=Generation.STRICT)).extended_key_usage == (EMAIL_PROTECTION,)


def test_nothing_outlives_its_issuer() -> None:
    rig = build_rig(days=100)
    assert rig.issue(rig.subscriber(days=365)).not_after == rig.issuing.not_after


def test_a_responder_may_do_nothing_else(tmp_path: Path, rig: Rig) -> None:
    name = authority_name("Example OCSP", organization="Example")
    template = responder_template(
        1 << 82, name, new_public_key(NewKey.P256), issuer=rig.issuing, term=Term(at=AT, days=30)
    )
    responder = rig.issue(template)
    assert openssl_verify(tmp_path, rig, responder, purpose="ocsphelper") == "OK"
    assert "unsuitable certificate purpose" in openssl_verify(tmp_path, rig, responder)
    assert any(extension.oid == "1.3.6.1.5.5.7.48.1.5" for extension in responder.extensions)


@pytest.mark.parametrize("days", [0, 826])
def test_a_term_beyond_the_requirements_is_refused(rig: Rig, days: int) -> None:
    with pytest.raises(MalformedMessage, match="expected one to 825"):
        rig.subscriber(days=days)


def test_more_addresses_than_one_person_has_are_refused(rig: Rig) -> None:
    with pytest.raises(MalformedMessage, match="11 addresses"):
        rig.subscriber(*(f"a{number}@example.test" for number in range(11)))


def test_a_key_that_is_too_small_is_refused(rig: Rig) -> None:
    with pytest.raises(UnsupportedAlgorithm, match="RSA key of 1024 bits"):
        rig.subscriber(key=small_rsa_key())


def test_a_curve_that_many_programs_lack_is_refused(rig: Rig) -> None:
    spki = ec.generate_private_key(ec.BrainpoolP256R1()).public_key()
    key = parse_public_key(spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(UnsupportedAlgorithm, match="curve brainpoolP256r1"):
        rig.subscriber(key=key)


def test_a_key_that_only_receives_is_refused(rig: Rig) -> None:
    with pytest.raises(UnsupportedAlgorithm, match="x25519"):
        rig.subscriber(key=new_public_key(NewKey.X25519))


def replaced(*extensions: Extension) -> Callable[[CertificateTemplate], CertificateTemplate]:
    """A change to a template: these extensions replace those with the same OIDs."""
    kinds = {extension.oid for extension in extensions}

    def change(template: CertificateTemplate) -> CertificateTemplate:
        others = tuple(other for other in template.extensions if other.oid not in kinds)
        return dataclasses.replace(template, extensions=(*others, *extensions))

    return change


def without(oid: str) -> Callable[[CertificateTemplate], CertificateTemplate]:
    return lambda template: dataclasses.replace(
        template, extensions=tuple(extension for extension in template.extensions if extension.oid != oid)
    )


def with_field(name: str, value: object) -> Callable[[CertificateTemplate], CertificateTemplate]:
    return lambda template: dataclasses.replace(template, **{name: value})  # type: ignore[arg-type]


SIGN, AGREE = KeyUsage.DIGITAL_SIGNATURE, KeyUsage.KEY_AGREEMENT
NOT_CRITICAL_USAGE = dataclasses.replace(build_key_usage(SIGN), critical=False)
BREACHES = {
    "serial_number": with_field("serial_number", 7),
    "validity": with_field("not_after", AT + datetime.timedelta(days=826)),
    "public_key": with_field(
        "public_key",
        small_rsa_key(),
    ),
    "e_mailbox_validated_allowed_subjectdn_attributes": with_field(
        "subject_der", build_name((ORGANIZATION_NAME, "Example"))
    ),
    "e_commonname_mailbox_validated": with_field("subject_der", build_name((COMMON_NAME, "Alice"))),
    "subject_mailbox": with_field("subject_der", build_name((COMMON_NAME, "eve@example.test"))),
    "e_san_shall_be_present": without("2.5.29.17"),
    "subject_alt_name_criticality": with_field("subject_der", EMPTY_NAME),
    "w_san_should_not_be_critical": replaced(build_subject_alt_name(["alice@example.test"], critical=True)),
    "e_key_usage_presence": without("2.5.29.15"),
    "w_key_usage_criticality": replaced(NOT_CRITICAL_USAGE),
    "key_usage_bits": replaced(Extension(oid="2.5.29.15", critical=True, value=b"\x03\x01\x00")),
    "e_ecpublickey_key_usages": replaced(build_key_usage(SIGN | KeyUsage.KEY_CERT_SIGN)),
    "e_edwardspublickey_key_usages": lambda template: dataclasses.replace(
        replaced(build_key_usage(KeyUsage.NON_REPUDIATION))(template), public_key=new_public_key(NewKey.ED25519)
    ),
    "e_ec_other_key_usages": replaced(build_key_usage(KeyUsage.CRL_SIGN)),
    "e_smime_legacy_multipurpose_eku_check": replaced(build_extended_key_usage(EMAIL_PROTECTION, "1.3.6.1.5.5.7.3.1")),
    "e_authority_key_identifier_correct": without("2.5.29.35"),
    "e_subscribers_shall_have_crl_distribution_points": without("2.5.29.31"),
    "e_subscribers_crl_distribution_points_are_http": replaced(build_crl_distribution_points(["ldap://a.test/cn=x"])),
    "e_smime_strict_aia_shall_have_http_only": replaced(
        build_authority_information_access(ocsp_urls=["https://pki.example.test/ocsp"])
    ),
    "w_smime_aia_contains_internal_names": replaced(build_authority_information_access(ocsp_urls=["http://intranet/"])),
}


@pytest.mark.parametrize("rule", BREACHES)
def test_each_rule_finds_its_breach(rig: Rig, rule: str) -> None:
    findings = check_profile(rig.issue(BREACHES[rule](rig.subscriber())))
    assert rule in {finding.rule for finding in findings}
    assert all(isinstance(finding, Finding) and finding.text for finding in findings)


def test_non_repudiation_goes_with_signing_alone(rig: Rig) -> None:
    promise = KeyUsage.NON_REPUDIATION
    for usage, expected in ((AGREE | promise, {"e_ecpublickey_key_usages"}), (SIGN | AGREE | promise, set())):
        issued = rig.issue(replaced(build_key_usage(usage))(rig.subscriber()))
        assert {finding.rule for finding in check_profile(issued)} == expected


def test_a_certificate_from_before_the_requirements_breaks_no_rule(rig: Rig) -> None:
    old = dataclasses.replace(
        rig.subscriber(), serial_number=7, not_before=datetime.datetime(2023, 8, 31, tzinfo=datetime.UTC)
    )
    assert check_profile(rig.issue(old)) == ()


@pytest.mark.parametrize("country", ["deu", "d", "1x", "dé"])
def test_a_country_is_two_letters(country: str) -> None:
    with pytest.raises(MalformedMessage, match="two letters"):
        authority_name("Example CA", organization="Example", country=country)


def test_an_access_description_cut_short_is_passed_over(rig: Rig) -> None:
    short = der.sequence(der.sequence(der.oid("1.3.6.1.5.5.7.48.1")))
    damaged = Extension(oid="1.3.6.1.5.5.7.1.1", critical=False, value=short)
    assert check_profile(rig.issue(replaced(damaged)(rig.subscriber()))) == ()
