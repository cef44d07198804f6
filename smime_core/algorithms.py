"""Algorithm identifiers as frozen values, and their DER both ways.

Sources: RFC 8017 (RSA), 4055 and 4056 (OAEP, PSS), 5753 and 5758 (EC), 5754 (SHA-2), 3565 and 5084 (AES), 8018 (PBES2).
What the core makes is written here byte by byte, once; what it reads is parsed into the same values.
Leaves out: read-only weak ciphers, EdDSA, ML-KEM and ML-DSA.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core import der
from smime_core.der import Buffer
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm


class HashName(StrEnum):
    """Names as `hashlib` has them."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class Curve(StrEnum):
    P256 = "P-256"
    P384 = "P-384"
    P521 = "P-521"


class SignatureScheme(StrEnum):
    RSA_PKCS1_V15 = "rsa-pkcs1-v1_5"
    RSA_PSS = "rsa-pss"
    ECDSA = "ecdsa"


class TransportScheme(StrEnum):
    RSA_PKCS1_V15 = "rsaes-pkcs1-v1_5"
    RSA_OAEP = "rsaes-oaep"


class CipherMode(StrEnum):
    CBC = "cbc"
    GCM = "gcm"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureAlgorithm:
    """How a signature is made. `salt_length` in bytes and `mgf_hash` count for PSS alone."""

    scheme: SignatureScheme
    hash_name: HashName
    salt_length: int = 0

    @property
    def label(self) -> str:
        """Words for people: "RSA-PSS with SHA-256"."""
        scheme = {"rsa-pkcs1-v1_5": "RSA", "rsa-pss": "RSA-PSS", "ecdsa": "ECDSA"}[self.scheme]
        return f"{scheme} with {hash_label(self.hash_name)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTransport:
    """How a CEK is encrypted to an RSA key; both hashes count for OAEP alone."""

    scheme: TransportScheme
    hash_name: HashName = HashName.SHA1
    mgf_hash: HashName = HashName.SHA1

    @property
    def label(self) -> str:
        if self.scheme is TransportScheme.RSA_PKCS1_V15:
            return "RSA PKCS#1 v1.5"
        return f"RSA-OAEP with {hash_label(self.hash_name)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAgreement:
    """ECDH, standard or cofactor (the same on the NIST curves), with the X9.63 KDF over `kdf_hash` (RFC 5753)."""

    oid: str
    kdf_hash: HashName


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWrap:
    """AES key wrap (RFC 3394); `kek_length` in bytes."""

    oid: str
    kek_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCipher:
    """A content-encryption algorithm without its IV; lengths in bytes."""

    oid: str
    name: str
    mode: CipherMode
    key_length: int
    iv_length: int


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
    """RFC 9106; memory in KiB."""

    salt: bytes
    memory_kib: int
    passes: int
    lanes: int


Kdf = Pbkdf2 | Hkdf | Argon2id

AES_128_CBC: Final = ContentCipher(
    oid="2.16.840.1.101.3.4.1.2", name="AES-128-CBC", mode=CipherMode.CBC, key_length=16, iv_length=16
)
AES_192_CBC: Final = ContentCipher(
    oid="2.16.840.1.101.3.4.1.22", name="AES-192-CBC", mode=CipherMode.CBC, key_length=24, iv_length=16
)
AES_256_CBC: Final = ContentCipher(
    oid="2.16.840.1.101.3.4.1.42", name="AES-256-CBC", mode=CipherMode.CBC, key_length=32, iv_length=16
)
AES_128_GCM: Final = ContentCipher(
    oid="2.16.840.1.101.3.4.1.6", name="AES-128-GCM", mode=CipherMode.GCM, key_length=16, iv_length=12
)
AES_192_GCM: Final = ContentCipher(
    oid="2.16.840.1.101.3.4.1.26", name="AES-192-GCM", mode=CipherMode.GCM, key_length=24, iv_length=12
)
AES_256_GCM: Final = ContentCipher(
    oid="2.16.840.1.101.3.4.1.46", name="AES-256-GCM", mode=CipherMode.GCM, key_length=32, iv_length=12
)
CONTENT_CIPHERS: Final = {
    cipher.oid: cipher for cipher in (AES_128_CBC, AES_192_CBC, AES_256_CBC, AES_128_GCM, AES_192_GCM, AES_256_GCM)
}
GCM_TAG_LENGTH: Final = 16  # bytes; what we write (MUSTS 19)

AES_128_WRAP: Final = KeyWrap(oid="2.16.840.1.101.3.4.1.5", kek_length=16)
AES_192_WRAP: Final = KeyWrap(oid="2.16.840.1.101.3.4.1.25", kek_length=24)
AES_256_WRAP: Final = KeyWrap(oid="2.16.840.1.101.3.4.1.45", kek_length=32)
KEY_WRAPS: Final = {wrap.oid: wrap for wrap in (AES_128_WRAP, AES_192_WRAP, AES_256_WRAP)}

# RFC 5753 section 7.1.4: dhSinglePass-stdDH and -cofactorDH with the X9.63 KDF.
KEY_AGREEMENTS: Final = {
    agreement.oid: agreement
    for agreement in (
        KeyAgreement(oid="1.3.133.16.840.63.0.2", kdf_hash=HashName.SHA1),
        KeyAgreement(oid="1.3.133.16.840.63.0.3", kdf_hash=HashName.SHA1),
        *(
            KeyAgreement(oid=f"1.3.132.1.{branch}.{arc}", kdf_hash=hash_name)
            for branch in (11, 14)
            for arc, hash_name in enumerate((HashName.SHA224, HashName.SHA256, HashName.SHA384, HashName.SHA512))
        ),
    )
}
ECDH_SHA256: Final = KEY_AGREEMENTS["1.3.132.1.11.1"]
ECDH_SHA384: Final = KEY_AGREEMENTS["1.3.132.1.11.2"]

RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
RSAES_OAEP: Final = "1.2.840.113549.1.1.7"
MGF1: Final = "1.2.840.113549.1.1.8"
P_SPECIFIED: Final = "1.2.840.113549.1.1.9"
RSASSA_PSS: Final = "1.2.840.113549.1.1.10"
EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
CURVE_OIDS: Final = {
    Curve.P256: "1.2.840.10045.3.1.7",
    Curve.P384: "1.3.132.0.34",
    Curve.P521: "1.3.132.0.35",
}
HASH_OIDS: Final = {
    HashName.MD5: "1.2.840.113549.2.5",
    HashName.SHA1: "1.3.14.3.2.26",
    HashName.SHA224: "2.16.840.1.101.3.4.2.4",
    HashName.SHA256: "2.16.840.1.101.3.4.2.1",
    HashName.SHA384: "2.16.840.1.101.3.4.2.2",
    HashName.SHA512: "2.16.840.1.101.3.4.2.3",
}
_HASH_BY_OID: Final = {oid: name for name, oid in HASH_OIDS.items()}
_RSA_SIGNATURE_OIDS: Final = {
    HashName.MD5: "1.2.840.113549.1.1.4",
    HashName.SHA1: "1.2.840.113549.1.1.5",
    HashName.SHA224: "1.2.840.113549.1.1.14",
    HashName.SHA256: "1.2.840.113549.1.1.11",
    HashName.SHA384: "1.2.840.113549.1.1.12",
    HashName.SHA512: "1.2.840.113549.1.1.13",
}
_ECDSA_OIDS: Final = {
    HashName.SHA1: "1.2.840.10045.4.1",
    HashName.SHA224: "1.2.840.10045.4.3.1",
    HashName.SHA256: "1.2.840.10045.4.3.2",
    HashName.SHA384: "1.2.840.10045.4.3.3",
    HashName.SHA512: "1.2.840.10045.4.3.4",
}
_RSA_HASH_BY_OID: Final = {oid: name for name, oid in _RSA_SIGNATURE_OIDS.items()}
_ECDSA_HASH_BY_OID: Final = {oid: name for name, oid in _ECDSA_OIDS.items()}
_HASH_LENGTHS: Final = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}

NULL: Final = b"\x05\x00"


def hash_length(name: HashName) -> int:
    """Bytes in a digest."""
    return _HASH_LENGTHS[name]


def hash_label(name: HashName) -> str:
    return name.upper() if name is HashName.MD5 else f"SHA-{name[3:]}"


@functools.cache
def build_hash_identifier(name: HashName) -> bytes:
    """DER of a DigestAlgorithmIdentifier; SHA-2 parameters are written absent (RFC 5754 section 2)."""
    return der.sequence(der.oid(HASH_OIDS[name]))


def parse_hash_identifier(identifier_der: Buffer, *, role: str = "digestAlgorithm") -> HashName:
    """The hash that an AlgorithmIdentifier names; parameters absent or NULL (RFC 5754 section 2).

    Raises UnsupportedAlgorithm or MalformedMessage.
    """
    oid, parameters = parse_algorithm_identifier(identifier_der)
    _check_absent_or_null(parameters, where=role)
    if oid not in _HASH_BY_OID:
        raise UnsupportedAlgorithm(oid, role)
    return _HASH_BY_OID[oid]


@functools.cache
def build_signature_identifier(algorithm: SignatureAlgorithm) -> bytes:
    """DER of a SignatureAlgorithmIdentifier (RFC 5754 section 3, RFC 4056 section 3, RFC 5753 section 2.1.1).

    RSA v1.5 is written as shaNWithRSAEncryption with NULL, ECDSA as ecdsa-with-SHAn without parameters.
    """
    if algorithm.scheme is SignatureScheme.RSA_PKCS1_V15:
        return der.sequence(der.oid(_RSA_SIGNATURE_OIDS[algorithm.hash_name]), NULL)
    if algorithm.scheme is SignatureScheme.ECDSA:
        return der.sequence(der.oid(_ECDSA_OIDS[algorithm.hash_name]))
    parameters = der.sequence(
        *_hash_and_mgf(algorithm.hash_name, algorithm.hash_name),
        der.explicit(2, der.integer(algorithm.salt_length)) if algorithm.salt_length != 20 else b"",
    )
    return der.sequence(der.oid(RSASSA_PSS), parameters)


def parse_signature_identifier(
    identifier_der: Buffer, *, digest: HashName | None = None, role: str = "signatureAlgorithm"
) -> SignatureAlgorithm:
    """The algorithm of a SignerInfo (with its digestAlgorithm as `digest`) or of a certificate (without).

    A bare rsaEncryption takes its hash from `digest` (RFC 3370 section 3.2).
    Raises UnsupportedAlgorithm or MalformedMessage.
    """
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if oid == RSASSA_PSS:
        return _parse_pss(parameters, role=role)
    if oid in _RSA_HASH_BY_OID:
        _check_absent_or_null(parameters, where=role)
        return SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=_RSA_HASH_BY_OID[oid])
    if oid in _ECDSA_HASH_BY_OID:
        _check_absent_or_null(parameters, where=role)
        return SignatureAlgorithm(scheme=SignatureScheme.ECDSA, hash_name=_ECDSA_HASH_BY_OID[oid])
    if oid == RSA_ENCRYPTION and digest is not None:
        _check_absent_or_null(parameters, where=role)
        return SignatureAlgorithm(scheme=SignatureScheme.RSA_PKCS1_V15, hash_name=digest)
    raise UnsupportedAlgorithm(oid, role)


@functools.cache
def build_transport_identifier(algorithm: KeyTransport) -> bytes:
    """DER of a KeyEncryptionAlgorithmIdentifier for RSA (RFC 3370 section 4.2.1, RFC 4055 section 4.1)."""
    if algorithm.scheme is TransportScheme.RSA_PKCS1_V15:
        return der.sequence(der.oid(RSA_ENCRYPTION), NULL)
    parameters = der.sequence(*_hash_and_mgf(algorithm.hash_name, algorithm.mgf_hash))
    return der.sequence(der.oid(RSAES_OAEP), parameters)


def parse_transport_identifier(identifier_der: Buffer, *, role: str = "keyEncryptionAlgorithm") -> KeyTransport:
    """RSA v1.5 or OAEP with an empty label (RFC 4055 section 4.1; a label is refused, MUSTS 24).

    Raises UnsupportedAlgorithm or MalformedMessage.
    """
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if oid == RSA_ENCRYPTION:
        _check_absent_or_null(parameters, where=role)
        return KeyTransport(scheme=TransportScheme.RSA_PKCS1_V15)
    if oid != RSAES_OAEP:
        raise UnsupportedAlgorithm(oid, role)
    fields = _context_fields(parameters, where=role, known=(0, 1, 2))
    if 2 in fields:
        source, label = parse_algorithm_identifier(fields[2])
        if source != P_SPECIFIED or label != b"\x04\x00":
            raise UnsupportedAlgorithm(oid, role, text=f"{role}: OAEP with a label is not supported")
    hash_name, mgf_hash = _parse_hash_and_mgf(fields, role=role)
    return KeyTransport(scheme=TransportScheme.RSA_OAEP, hash_name=hash_name, mgf_hash=mgf_hash)


def parse_algorithm_identifier(identifier_der: Buffer) -> tuple[str, bytes | None]:
    """An AlgorithmIdentifier as its dotted OID and the DER of its parameters (None when absent).

    Raises MalformedMessage.
    """
    children = der.read_sequence(identifier_der, where="AlgorithmIdentifier")
    if not 1 <= len(children) <= 2:
        raise MalformedMessage(f"{len(children)} fields, expected 1 or 2", where="AlgorithmIdentifier")
    return der.parse_oid(children[0]), bytes(children[1].encoded) if len(children) == 2 else None


def _parse_pss(parameters: bytes | None, *, role: str) -> SignatureAlgorithm:
    # RFC 4056 section 3: MGF1 and the content hash agree with the signature's hash; others are refused (MUSTS 10).
    fields = _context_fields(parameters, where=role, known=(0, 1, 2, 3))
    hash_name, mgf_hash = _parse_hash_and_mgf(fields, role=role)
    if mgf_hash is not hash_name:
        raise UnsupportedAlgorithm(RSASSA_PSS, role, text=f"{role}: PSS with two different hashes is not supported")
    salt_length = der.parse_integer(der.read_one(fields[2], where="saltLength")) if 2 in fields else 20
    if 3 in fields and der.parse_integer(der.read_one(fields[3], where="trailerField")) != 1:
        raise UnsupportedAlgorithm(RSASSA_PSS, role, text=f"{role}: PSS trailerField other than 1 is not supported")
    if not 0 <= salt_length <= 1024:
        raise MalformedMessage(f"saltLength is {salt_length}", where=role)
    return SignatureAlgorithm(scheme=SignatureScheme.RSA_PSS, hash_name=hash_name, salt_length=salt_length)


def _parse_hash_and_mgf(fields: dict[int, bytes], *, role: str) -> tuple[HashName, HashName]:
    # RFC 4055 section 3.1: absent fields mean SHA-1 and MGF1 with SHA-1.
    hash_name = parse_hash_identifier(fields[0], role=role) if 0 in fields else HashName.SHA1
    if 1 not in fields:
        return hash_name, HashName.SHA1
    generator, generator_parameters = parse_algorithm_identifier(fields[1])
    if generator != MGF1 or generator_parameters is None:
        raise UnsupportedAlgorithm(generator, f"{role} mask generation")
    return hash_name, parse_hash_identifier(generator_parameters, role=role)


def _hash_and_mgf(hash_name: HashName, mgf_hash: HashName) -> tuple[bytes, bytes]:
    # DER leaves out a field that says SHA-1, the default. Inside, SHA-2 carries NULL as RFC 4055 section 2.1 writes it.
    def identifier(name: HashName) -> bytes:
        return der.sequence(der.oid(HASH_OIDS[name]), NULL)

    return (
        der.explicit(0, identifier(hash_name)) if hash_name is not HashName.SHA1 else b"",
        der.explicit(1, der.sequence(der.oid(MGF1), identifier(mgf_hash))) if mgf_hash is not HashName.SHA1 else b"",
    )


def _context_fields(parameters: bytes | None, *, where: str, known: tuple[int, ...]) -> dict[int, bytes]:
    # RSASSA-PSS-params and RSAES-OAEP-params are SEQUENCEs of explicitly tagged optional fields, in order.
    if parameters is None:
        raise MalformedMessage("parameters are absent", where=where)
    fields: dict[int, bytes] = {}
    for child in der.read_sequence(parameters, where=where):
        number = child.tag - 0xA0
        if number not in known or any(number <= earlier for earlier in fields):
            raise MalformedMessage(f"unexpected field with tag 0x{child.tag:02x}", where=where)
        fields[number] = bytes(child.content)
    return fields


def _check_absent_or_null(parameters: bytes | None, *, where: str) -> None:
    if parameters not in (None, NULL):
        raise MalformedMessage("parameters are neither absent nor NULL", where=where)
