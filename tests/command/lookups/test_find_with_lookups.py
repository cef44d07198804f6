"""`sealwax find` against real directories and authorities: OpenLDAP, a missing intermediate, and revocation."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from smime_core.x509.certificate import EMAIL_PROTECTION
from tests.support.command.lab import Lab, Result
from tests.support.servers import pretended_public
from tests.support.servers.directory_servers import SLAPD, Entry, run_slapd
from tests.support.servers.web_servers import WebServer, reply_with, run_web_server

pytestmark = pytest.mark.server

BOB = "bob@example.test"
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)


@dataclass(slots=True)
class Site:
    """A root, an authority below it and Bob. One web server has the `files` to which their certificates refer."""

    web: WebServer
    files: dict[str, bytes]
    root: x509.Certificate
    middle: x509.Certificate
    bob: x509.Certificate
    keys: dict[str, ec.EllipticCurvePrivateKey]

    def publish_lists(self, *revoked: int) -> None:
        for name, issuer in (("root", self.root), ("middle", self.middle)):
            builder = x509.CertificateRevocationListBuilder(issuer.subject, NOW - DAY / 24, NOW + DAY)
            for serial_number in revoked:
                builder = builder.add_revoked_certificate(
                    x509.RevokedCertificateBuilder(serial_number, NOW - DAY / 12).build()
                )
            identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.keys[name].public_key())
            builder = builder.add_extension(x509.CRLNumber(1), critical=False).add_extension(identifier, critical=False)
            self.files[f"/{name}.crl"] = builder.sign(self.keys[name], hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.fixture
def site() -> Iterator[Site]:
    files: dict[str, bytes] = {}

    def reply(handler: BaseHTTPRequestHandler) -> None:
        content = files.get(handler.path)
        reply_with(content or b"", status=200 if content else 404)(handler)

    with run_web_server(reply) as web:
        keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("root", "middle", "bob")}
        root = _certify("root", "root", keys, web, is_ca=True)
        middle = _certify("middle", "root", keys, web, is_ca=True)
        bob = _certify("bob", "middle", keys, web, is_ca=False)
        site = Site(web=web, files=files, root=root, middle=middle, bob=bob, keys=keys)
        files["/bob.cer"] = bob.public_bytes(Encoding.DER)
        files["/middle.cer"] = middle.public_bytes(Encoding.DER)
        site.publish_lists()
        yield site


def _certify(
    name: str, issuer: str, keys: dict[str, ec.EllipticCurvePrivateKey], web: WebServer, *, is_ca: bool
) -> x509.Certificate:
    subject, issuer_name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]) for common_name in (name, issuer)
    )
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(web.url(f"/{issuer}.crl"))], None, None, None)
    access = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(web.url(f"/{issuer}.cer"))
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(keys[name].public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + 300 * DAY)
        .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(keys[name].public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[issuer].public_key()), critical=False)
        .add_extension(_usage(is_ca=is_ca), critical=True)
        .add_extension(x509.CRLDistributionPoints([point]), critical=False)
        .add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    )
    if not is_ca:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(BOB)]), critical=False)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([x509.ObjectIdentifier(EMAIL_PROTECTION)]), critical=False
        )
    return builder.sign(keys[issuer], hashes.SHA256())


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )


@pytest.fixture
def lab(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Lab:
    # Each test has a cache of its own.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lab = Lab(tmp_path)
    lab.write("root.pem", site.root.public_bytes(Encoding.PEM))
    return lab


def find(lab: Lab, site: Site, *options: str) -> Result:
    lab = replace(lab, program=(pretended_public.__file__, site.web.host))
    return find_inside(lab, site, *options)


def find_inside(lab: Lab, site: Site, *options: str) -> Result:
    """Find with the site's true address, which is not public, but is allowed by `--fetch-host`."""
    places = ("--url", site.web.url("/bob.cer"), "--fetch-host", site.web.host)
    return lab.sealwax("find", BOB, "--anchor", "root.pem", *places, *options)


def test_a_missing_intermediate_is_fetched_only_when_that_is_asked_for(lab: Lab, site: Site) -> None:
    result = find(lab, site, "--no-revocation")
    assert result.code == 1
    assert "No authority that you trust vouches for this certificate." in result.stdout.decode()
    assert "--fetch-issuers would ask 127.0.0.1" in result.line
    assert not any("middle.cer" in line for line, _, _ in site.web.asked)

    result = find(lab, site, "--no-revocation", "--fetch-issuers", "-o", "bob.pem")
    assert result.code == 0
    assert result.stdout.decode().startswith("use: CN=bob, from web")


def test_no_issuer_is_fetched_from_a_host_that_only_the_person_allowed(lab: Lab, site: Site) -> None:
    """The user allowed the host for the directory, but the issuer of the certificate chose the path of this URL."""
    result = find_inside(lab, site, "--no-revocation", "--fetch-issuers")
    assert result.code == 1
    assert "No authority that you trust vouches for this certificate." in result.stdout.decode()
    assert [line for line, _, _ in site.web.asked] == ["GET /bob.cer HTTP/1.1"]


def test_a_revoked_certificate_is_looked_up_and_reported(lab: Lab, site: Site) -> None:
    site.publish_lists(site.bob.serial_number)
    result = find(lab, site, "--fetch", "--fetch-issuers")
    assert result.code == 1
    assert "The certificate was revoked." in result.stdout.decode()


def test_a_certificate_with_good_lists_is_used(lab: Lab, site: Site) -> None:
    result = find(lab, site, "--fetch", "--fetch-issuers")
    assert result.code == 0
    assert "revoked" not in result.stdout.decode()


def test_where_nobody_answers_about_revocation_nothing_is_used(lab: Lab, site: Site) -> None:
    del site.files["/middle.crl"]
    result = find(lab, site, "--fetch", "--fetch-issuers")
    assert result.code == 1
    assert "No authority said whether the certificate was revoked." in result.stdout.decode()


def test_a_certificate_from_openldap_is_encrypted_for(
    lab: Lab, site: Site, tls_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("bonsai", reason="bonsai is not installed", exc_type=ImportError)
    if SLAPD is None:
        pytest.skip("slapd is not installed")
    chain = (("userCertificate;binary", site.files["/bob.cer"]), ("userSMIMECertificate", site.files["/middle.cer"]))
    entries = [
        Entry(name="Bob", mail=BOB, attributes=chain),
        # A directory that lies: another person's certificate under this address.
        Entry(name="Carol", mail="carol@example.test", attributes=chain),
    ]
    with run_slapd(entries, folder=tmp_path_factory.mktemp("slapd"), tls_folder=tls_folder) as slapd:
        trust = ("--anchor", "root.pem", "--no-revocation")
        ldap = ("--ldap", slapd.tls_url, "--ldap-ca", str(tls_folder / "tls_ca.pem"))
        lab.write("mail.eml", b"Subject: x\r\n\r\ny\r\n")
        lab.made("encrypt", "mail.eml", "--to", BOB, *trust, *ldap, "-o", "encrypted.eml")
        lied = lab.sealwax("encrypt", "mail.eml", "--to", "carol@example.test", *trust, *ldap, "-o", "lied.eml")
        untrusted = lab.sealwax("encrypt", "mail.eml", "--to", BOB, *trust, "--ldap", slapd.tls_url, "-o", "no.eml")
    assert (lab.folder / "encrypted.eml").exists()
    assert lied.code == 1
    assert f"This certificate is for another address. ({BOB})" in lied.line
    assert not (lab.folder / "lied.eml").exists()
    assert untrusted.code == 1
    assert "cannot be reached" in untrusted.stderr
