"""The people of these tests: one authority and, under it, one person for each kind of key, known by that kind's name.

Peers judge certificates by the clock of the machine, so all of them are of today.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from smime_core import Certificate, Identity, RevocationPolicy, TrustStore
from smime_core.blocking import run
from smime_core.certificate import parse_certificate
from smime_core.demo_ca import Authority, create_authority
from smime_core.keys import parse_private_key
from smime_core.providers.native import NativeProvider

PROVIDER: Final = NativeProvider()
NOW: Final = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
PASSPHRASE: Final = "interoperate"
NAMES: Final = ("rsa", "rsa2", "p256", "p384", "p521", "brainpool", "ed25519", "ed448", "x25519", "x448")

Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | x25519.X25519PrivateKey
    | x448.X448PrivateKey
)
_CURVES: Final = {
    "p256": ec.SECP256R1(),
    "p384": ec.SECP384R1(),
    "p521": ec.SECP521R1(),
    "brainpool": ec.BrainpoolP256R1(),
}
_GENERATORS: Final[Mapping[str, Callable[[], Key]]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
    "x25519": x25519.X25519PrivateKey.generate,
    "x448": x448.X448PrivateKey.generate,
}


def address(name: str) -> str:
    return f"{name}@example.test"


@functools.cache
def authority() -> Authority:
    return run(create_authority("Interoperation CA", provider=PROVIDER, at=NOW))


def trust() -> TrustStore:
    return TrustStore(anchors=(authority().identity.certificate,), revocation=RevocationPolicy.NOT_CHECKED)


def certificate(name: str) -> Certificate:
    return parse_certificate(_person(name)[1].public_bytes(serialization.Encoding.DER))


@functools.cache
def identity(name: str) -> Identity:
    """The identity of name@example.test."""
    return Identity(
        certificate=certificate(name),
        private_key=parse_private_key(_pkcs8(_person(name)[0])),
        chain=(authority().identity.certificate,),
    )


def write_people(folder: Path) -> Path:
    """`folder` with ca.pem and, for everybody, NAME.pem, NAME.key (PKCS#8) and NAME.p12 in the form of old readers."""
    root = authority().identity.certificate.der
    (folder / "ca.pem").write_bytes(pem.armor("CERTIFICATE", root))
    protection = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303
        .build(PASSPHRASE.encode())
    )
    for name in NAMES:
        key, own = _person(name)
        (folder / f"{name}.pem").write_bytes(own.public_bytes(serialization.Encoding.PEM))
        (folder / f"{name}.key").write_bytes(pem.armor("PRIVATE KEY", _pkcs8(key)))
        if isinstance(key, x25519.X25519PrivateKey | x448.X448PrivateKey):
            continue  # no peer that wants PKCS#12 knows these
        bundle = pkcs12.serialize_key_and_certificates(
            name.encode(), key, own, [x509.load_der_x509_certificate(root)], protection
        )
        (folder / f"{name}.p12").write_bytes(bundle)
    return folder


@functools.cache
def _person(name: str) -> tuple[Key, x509.Certificate]:
    # Issued here and not by the demonstration CA, which knows fewer kinds of keys than peers do.
    key = _new_key(name)
    signs, agrees = not name.startswith("x"), not isinstance(key, rsa.RSAPrivateKey) and not name.startswith("ed")
    usage = x509.KeyUsage(
        digital_signature=signs, content_commitment=False, key_encipherment=isinstance(key, rsa.RSAPrivateKey),
        data_encipherment=False, key_agreement=agrees, key_cert_sign=False, crl_sign=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
    issuer = x509.load_der_x509_certificate(authority().identity.certificate.der)
    issuer_key = serialization.load_der_private_key(authority().identity.private_key.pkcs8_der, None)
    assert isinstance(issuer_key, rsa.RSAPrivateKey)
    public_key = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(hours=12))
        .not_valid_after(NOW + datetime.timedelta(days=30))
        .public_key(public_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address(name))]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    return key, builder.sign(issuer_key, hashes.SHA256())


def _new_key(name: str) -> Key:
    if name in _CURVES:
        return ec.generate_private_key(_CURVES[name])
    if name in _GENERATORS:
        return _GENERATORS[name]()
    return rsa.generate_private_key(65537, 2048)


def _pkcs8(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
