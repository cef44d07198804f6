"""People for tests: one authority, identities that are made once, and a message from Alice to Bob."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from smime_core import Certificate, Identity, RevocationPolicy, TrustStore
from smime_core.blocking import run
from smime_core.ca.demo import Authority, create_authority, issue_identity
from smime_core.provider import NewKey
from smime_core.providers.native import NativeProvider
from smime_core.x509.certificate import parse_certificate

PROVIDER: Final = NativeProvider()
NOW: Final = datetime.datetime(2026, 6, 1, 12, 0, tzinfo=datetime.UTC)
VALIDITY: Final = datetime.timedelta(days=7)
NEXT_UPDATE: Final = NOW + VALIDITY
TEXT: Final = "Grüße aus Köln"
MESSAGE: Final = (
    b"From: Alice <alice@example.test>\r\nTo: Bob <bob@example.test>\r\nSubject: Greetings\r\n"
    b"Date: Mon, 01 Jun 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + TEXT.encode() + b"\r\n"
)


@functools.cache
def authority() -> Authority:
    return run(create_authority("Test CA", provider=PROVIDER, at=NOW))


@functools.cache
def person(name: str, key: NewKey = NewKey.RSA_2048) -> Identity:
    """The identity of name@example.test."""
    return run(issue_identity(authority(), f"{name}@example.test", provider=PROVIDER, at=NOW, key=key))


def with_addresses(identity: Identity, *addresses: str, name: str = "", issuer: Authority | None = None) -> Identity:
    """The identity with another certificate of the authority, for these addresses in this order, and with this name."""
    theirs = x509.load_der_x509_certificate(identity.certificate.der)
    key = serialization.load_der_private_key((issuer or authority()).identity.private_key.pkcs8_der, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    names = [x509.RFC822Name(address) for address in addresses]
    built = (
        x509.CertificateBuilder(theirs.issuer, subject, theirs.public_key(), x509.random_serial_number())
        .not_valid_before(theirs.not_valid_before_utc)
        .not_valid_after(theirs.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName(names), critical=not name)
        .sign(key, hashes.SHA256())
    )
    certificate = parse_certificate(built.public_bytes(serialization.Encoding.DER))
    return dataclasses.replace(identity, certificate=certificate)


def anchor() -> Certificate:
    return authority().identity.certificate


def trust(*anchors: Certificate, revocation: RevocationPolicy = RevocationPolicy.NOT_CHECKED) -> TrustStore:
    """A trust store with these anchors; by default with the test authority."""
    return TrustStore.of(*(anchors or (anchor(),)), revocation=revocation)


def build_revocation_list(
    *serial_numbers: int,
    encoding: serialization.Encoding = serialization.Encoding.DER,
    at: datetime.datetime = NOW,
) -> bytes:
    """A CRL of the test authority, valid for a week."""
    key = serialization.load_der_private_key(authority().identity.private_key.pkcs8_der, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=x509.load_der_x509_certificate(anchor().der).subject, last_update=at, next_update=at + VALIDITY
    )
    for serial_number in serial_numbers:
        revoked = x509.RevokedCertificateBuilder(serial_number, at).build()
        builder = builder.add_revoked_certificate(revoked)
    return builder.sign(key, hashes.SHA256()).public_bytes(encoding)
