"""The people of the interoperability tests: one authority, and one person for each kind of key, named after it.

All certificates are made today, because peers judge them by the machine's clock.
"""

from __future__ import annotations

import datetime
import functools
from pathlib import Path
from typing import Final

from asn1crypto import pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from smime_core import Certificate, Identity, RevocationPolicy, TrustStore
from smime_core.blocking import run
from smime_core.ca.demo import Authority, Details, create_authority, issue_identity
from smime_core.keys import parse_private_key
from smime_core.provider import NewKey, PrivateKey
from smime_core.providers.native import NativeProvider

PROVIDER: Final = NativeProvider()
NOW: Final = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
PASSPHRASE: Final = "interoperate"
_KEYS: Final = {
    "rsa": NewKey.RSA_2048,
    "rsa2": NewKey.RSA_2048,
    "p256": NewKey.P256,
    "p384": NewKey.P384,
    "p521": NewKey.P521,
    "brainpool": NewKey.P256,
    "ed25519": NewKey.ED25519,
    "ed448": NewKey.ED448,
    "x25519": NewKey.X25519,
    "x448": NewKey.X448,
}


class _BrainpoolProvider(NativeProvider):
    """A provider that generates brainpool keys, which the core reads and never makes."""

    async def generate_key(self, kind: NewKey) -> PrivateKey:
        key = ec.generate_private_key(ec.BrainpoolP256R1())
        form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return parse_private_key(key.private_bytes(*form))


def address(name: str) -> str:
    return f"{name}@example.test"


@functools.cache
def authority() -> Authority:
    return run(create_authority("Interoperation CA", provider=PROVIDER, at=NOW))


def trust() -> TrustStore:
    return TrustStore.of(authority().identity.certificate, revocation=RevocationPolicy.NOT_CHECKED)


@functools.cache
def identity(name: str) -> Identity:
    """The identity of name@example.test."""
    provider = _BrainpoolProvider() if name == "brainpool" else PROVIDER
    return run(
        issue_identity(
            authority(), address(name), provider=provider, at=NOW, key=_KEYS[name], details=Details(common_name=name)
        )
    )


def certificate(name: str) -> Certificate:
    return identity(name).certificate


def write_people(folder: Path) -> Path:
    """Write ca.pem and, for each person, NAME.pem, NAME.key (PKCS#8) and NAME.p12, which old programs can read.

    Returns `folder`.
    """
    (folder / "ca.pem").write_bytes(pem.armor("CERTIFICATE", authority().identity.certificate.der))
    for name in _KEYS:
        (folder / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", certificate(name).der))
        (folder / f"{name}.key").write_bytes(pem.armor("PRIVATE KEY", identity(name).private_key.pkcs8_der))
        if not name.startswith("x"):  # peers that need PKCS#12 do not support X25519 and X448
            (folder / f"{name}.p12").write_bytes(_old_pkcs12(name))
    return folder


def _old_pkcs12(name: str) -> bytes:
    protection = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303
        .build(PASSPHRASE.encode())
    )
    key = serialization.load_der_private_key(identity(name).private_key.pkcs8_der, None)
    assert isinstance(
        key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
    )
    own = x509.load_der_x509_certificate(certificate(name).der)
    root = x509.load_der_x509_certificate(authority().identity.certificate.der)
    return pkcs12.serialize_key_and_certificates(name.encode(), key, own, [root], protection)
