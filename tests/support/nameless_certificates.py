"""Certificates of a trusted authority that have a name and no mail address."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from smime_core import Identity
from smime_core.provider import NewKey
from smime_core.x509.certificate import parse_certificate
from tests.support.people import authority, person


def without_address(common_name: str) -> Identity:
    """An identity of the trusted authority whose certificate has a name, or none, and no mail address."""
    identity = person("bob", NewKey.P256)
    theirs = x509.load_der_x509_certificate(identity.certificate.der)
    key = serialization.load_der_private_key(authority().identity.private_key.pkcs8_der, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else [])
    built = (
        x509.CertificateBuilder(theirs.issuer, subject, theirs.public_key(), x509.random_serial_number())
        .not_valid_before(theirs.not_valid_before_utc)
        .not_valid_after(theirs.not_valid_before_utc + datetime.timedelta(days=90))
        .sign(key, hashes.SHA256())
    )
    certificate = parse_certificate(built.public_bytes(serialization.Encoding.DER))
    return Identity(certificate=certificate, private_key=identity.private_key)
