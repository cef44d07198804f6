"""Key management for content-encryption keys: RSA transport, key agreement, KEMs, key wraps, passwords.

Sources: RFC 8017 and 4055 (RSA), 5753 (ECDH), 8418 (X25519, X448), 9629 and 9936 (KEM), 3394 and 3217 (wraps), 8018.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.algorithms.hashes import HashName, hash_label
from smime_core.algorithms.identifiers import NULL, check_absent_or_null, context_fields, parse_algorithm_identifier
from smime_core.algorithms.signatures import RSA_ENCRYPTION, hash_and_mgf, parse_hash_and_mgf
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import UnsupportedAlgorithm

RSAES_OAEP: Final = "1.2.840.113549.1.1.7"
P_SPECIFIED: Final = "1.2.840.113549.1.1.9"
EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
EC_DH: Final = "1.3.132.1.12"


class Curve(StrEnum):
    P256 = "P-256"
    P384 = "P-384"
    P521 = "P-521"
    BRAINPOOL_P256R1 = "brainpoolP256r1"
    BRAINPOOL_P384R1 = "brainpoolP384r1"
    BRAINPOOL_P512R1 = "brainpoolP512r1"
    P192 = "P-192"
    P224 = "P-224"
    SECP256K1 = "secp256k1"


CURVE_OIDS: Final = {
    Curve.P256: "1.2.840.10045.3.1.7",
    Curve.P384: "1.3.132.0.34",
    Curve.P521: "1.3.132.0.35",
    Curve.BRAINPOOL_P256R1: "1.3.36.3.3.2.8.1.1.7",
    Curve.BRAINPOOL_P384R1: "1.3.36.3.3.2.8.1.1.11",
    Curve.BRAINPOOL_P512R1: "1.3.36.3.3.2.8.1.1.13",
    Curve.P192: "1.2.840.10045.3.1.1",
    Curve.P224: "1.3.132.0.33",
    Curve.SECP256K1: "1.3.132.0.10",
}
VERIFIED_CURVES: Final = frozenset({Curve.P192, Curve.P224, Curve.SECP256K1})
"""The curves on which signatures are only verified: nothing is signed, encrypted or decrypted with them."""


class TransportScheme(StrEnum):
    """The RSA padding with which a content-encryption key is encrypted (RFC 8017 section 7)."""

    RSA_PKCS1_V15 = "rsaes-pkcs1-v1_5"
    RSA_OAEP = "rsaes-oaep"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTransport:
    """The encryption of a content-encryption key (CEK) with an RSA key. Only OAEP uses the hashes and `p_source`.

    `p_source` is the label of RFC 8017 section 7.1. The sender chooses it, and it is no secret.
    """

    scheme: TransportScheme
    hash_name: HashName = HashName.SHA1
    mgf_hash: HashName = HashName.SHA1
    p_source: bytes = b""

    @property
    def label(self) -> str:
        """Words for people: "RSA-OAEP with SHA-256"."""
        if self.scheme is TransportScheme.RSA_PKCS1_V15:
            return "RSA PKCS#1 v1.5"
        return f"RSA-OAEP with {hash_label(self.hash_name)}"


class AgreementKdf(StrEnum):
    """The KDF that derives the KEK from the shared secret. The OID of the agreement determines the KDF (MUSTS 28)."""

    X963 = "x9.63"
    HKDF = "hkdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAgreement:
    """ECDH with its KDF (RFC 5753, RFC 8418). Standard and cofactor ECDH are equal on curves with cofactor one."""

    oid: str
    kdf: AgreementKdf
    kdf_hash: HashName


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWrap:
    """A key wrap. `kek_length` is in bytes. Only policy ARCHIVE accepts a wrap with `is_weak`."""

    oid: str
    name: str
    kek_length: int
    is_weak: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pbkdf2:
    hash_name: HashName
    salt: bytes
    iterations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hkdf:
    hash_name: HashName
    salt: bytes
    info: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2id:
    """Argon2id (RFC 9106). Memory is in KiB."""

    salt: bytes
    memory_kib: int
    passes: int
    lanes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrypt:
    """scrypt (RFC 7914). Its memory is 128 · block_size · cost bytes."""

    salt: bytes
    cost: int
    block_size: int
    parallelisation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedHash:
    """A hash applied repeatedly to its own result, as in the KDF of RFC 7292 (appendix B.2) and in PBKDF1."""

    hash_name: HashName
    iterations: int


Kdf = Pbkdf2 | Hkdf | Argon2id | Scrypt | RepeatedHash

AES_128_WRAP: Final = KeyWrap(oid="2.16.840.1.101.3.4.1.5", name="AES-128 key wrap", kek_length=16)
AES_192_WRAP: Final = KeyWrap(oid="2.16.840.1.101.3.4.1.25", name="AES-192 key wrap", kek_length=24)
AES_256_WRAP: Final = KeyWrap(oid="2.16.840.1.101.3.4.1.45", name="AES-256 key wrap", kek_length=32)
TRIPLE_DES_WRAP: Final = KeyWrap(
    oid="1.2.840.113549.1.9.16.3.6", name="Triple-DES key wrap", kek_length=24, is_weak=True
)
RC2_WRAP: Final = KeyWrap(oid="1.2.840.113549.1.9.16.3.7", name="RC2 key wrap", kek_length=16, is_weak=True)
KEY_WRAPS: Final = {wrap.oid: wrap for wrap in (AES_128_WRAP, AES_192_WRAP, AES_256_WRAP, TRIPLE_DES_WRAP, RC2_WRAP)}

# RFC 5753 section 7.1.4: dhSinglePass-stdDH (1.3.132.1.11) and -cofactorDH (1.3.132.1.14) with the X9.63 KDF.
# RFC 8418 section 2.2: dhSinglePass-stdDH-hkdf.
KEY_AGREEMENTS: Final = {
    agreement.oid: agreement
    for agreement in (
        KeyAgreement(oid="1.3.133.16.840.63.0.2", kdf=AgreementKdf.X963, kdf_hash=HashName.SHA1),
        KeyAgreement(oid="1.3.133.16.840.63.0.3", kdf=AgreementKdf.X963, kdf_hash=HashName.SHA1),
        *(
            KeyAgreement(oid=f"1.3.132.1.{branch}.{arc}", kdf=AgreementKdf.X963, kdf_hash=hash_name)
            for branch in (11, 14)
            for arc, hash_name in enumerate((HashName.SHA224, HashName.SHA256, HashName.SHA384, HashName.SHA512))
        ),
        *(
            KeyAgreement(oid=f"1.2.840.113549.1.9.16.3.{arc}", kdf=AgreementKdf.HKDF, kdf_hash=hash_name)
            for arc, hash_name in ((19, HashName.SHA256), (20, HashName.SHA384), (21, HashName.SHA512))
        ),
    )
}
ECDH_SHA256: Final = KEY_AGREEMENTS["1.3.132.1.11.1"]
ECDH_SHA384: Final = KEY_AGREEMENTS["1.3.132.1.11.2"]
ECDH_HKDF_SHA256: Final = KEY_AGREEMENTS["1.2.840.113549.1.9.16.3.19"]
ECDH_HKDF_SHA512: Final = KEY_AGREEMENTS["1.2.840.113549.1.9.16.3.21"]


@functools.cache
def build_transport_identifier(algorithm: KeyTransport) -> bytes:
    """DER of a KeyEncryptionAlgorithmIdentifier for RSA (RFC 3370 section 4.2.1, RFC 4055 section 4.1)."""
    if algorithm.scheme is TransportScheme.RSA_PKCS1_V15:
        return der.sequence(der.oid(RSA_ENCRYPTION), NULL)
    source = der.sequence(der.oid(P_SPECIFIED), der.octet_string(algorithm.p_source))
    fields = (
        *hash_and_mgf(algorithm.hash_name, algorithm.mgf_hash),
        der.explicit(2, source) if algorithm.p_source else b"",
    )
    return der.sequence(der.oid(RSAES_OAEP), der.sequence(*fields))


def parse_transport_identifier(identifier_der: Buffer, *, role: str = "keyEncryptionAlgorithm") -> KeyTransport:
    """Parse RSA v1.5 or OAEP (RFC 4055 section 4.1). MUSTS 24.

    Raises UnsupportedAlgorithm or MalformedMessage.
    """
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if oid == RSA_ENCRYPTION:
        check_absent_or_null(parameters, where=role)
        return KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
    if oid != RSAES_OAEP:
        raise UnsupportedAlgorithm(oid, role)
    fields = context_fields(parameters, where=role, known=(0, 1, 2))
    hash_name, mgf_hash = parse_hash_and_mgf(fields, role)
    p_source = _parse_p_source(fields[2], role) if 2 in fields else b""
    return KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=hash_name, mgf_hash=mgf_hash, p_source=p_source)


def _parse_p_source(identifier_der: Buffer, role: str) -> bytes:
    source, parameters = parse_algorithm_identifier(identifier_der)
    if source != P_SPECIFIED or parameters is None:
        raise UnsupportedAlgorithm(RSAES_OAEP, role, text=f"{role}: OAEP with a label from elsewhere is not supported")
    return bytes(der.read_octets(der.read_one(parameters), role))
