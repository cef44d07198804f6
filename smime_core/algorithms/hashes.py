"""Hash functions and their identifiers (RFC 5754 section 2 for SHA-2, RFC 8702 for SHAKE, RFC 8419 for Ed448)."""

from __future__ import annotations

import functools
import hashlib
from enum import StrEnum
from typing import Final

from smime_core.algorithms.identifiers import check_absent_or_null, check_known, parse_algorithm_identifier
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm


class HashName(StrEnum):
    """The hash functions, with their names in `hashlib`."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"
    SHA512_224 = "sha512_224"
    SHA512_256 = "sha512_256"
    SHA3_224 = "sha3_224"
    SHA3_256 = "sha3_256"
    SHA3_384 = "sha3_384"
    SHA3_512 = "sha3_512"
    SHAKE128 = "shake_128"
    SHAKE256 = "shake_256"


HASH_OIDS: Final = {
    HashName.MD5: "1.2.840.113549.2.5",
    HashName.SHA1: "1.3.14.3.2.26",
    HashName.SHA224: "2.16.840.1.101.3.4.2.4",
    HashName.SHA256: "2.16.840.1.101.3.4.2.1",
    HashName.SHA384: "2.16.840.1.101.3.4.2.2",
    HashName.SHA512: "2.16.840.1.101.3.4.2.3",
    HashName.SHA512_224: "2.16.840.1.101.3.4.2.5",
    HashName.SHA512_256: "2.16.840.1.101.3.4.2.6",
    HashName.SHA3_224: "2.16.840.1.101.3.4.2.7",
    HashName.SHA3_256: "2.16.840.1.101.3.4.2.8",
    HashName.SHA3_384: "2.16.840.1.101.3.4.2.9",
    HashName.SHA3_512: "2.16.840.1.101.3.4.2.10",
    HashName.SHAKE128: "2.16.840.1.101.3.4.2.11",
    HashName.SHAKE256: "2.16.840.1.101.3.4.2.12",
}
ID_SHAKE256_LEN: Final = "2.16.840.1.101.3.4.2.18"
"""The OID of SHAKE256 with its output length in bits as parameter. Ed448 requires 512 (RFC 8419 section 3.1)."""

# The length of each digest in bytes. RFC 8702 section 3.1 fixes the lengths for SHAKE128 and SHAKE256 in messages.
_LENGTHS: Final = {
    HashName.MD5: 16,
    HashName.SHA1: 20,
    HashName.SHA224: 28,
    HashName.SHA256: 32,
    HashName.SHA384: 48,
    HashName.SHA512: 64,
    HashName.SHA512_224: 28,
    HashName.SHA512_256: 32,
    HashName.SHA3_224: 28,
    HashName.SHA3_256: 32,
    HashName.SHA3_384: 48,
    HashName.SHA3_512: 64,
    HashName.SHAKE128: 32,
    HashName.SHAKE256: 64,
}
_LABELS: Final = {
    HashName.MD5: "MD5",
    HashName.SHA1: "SHA-1",
    HashName.SHA224: "SHA-224",
    HashName.SHA256: "SHA-256",
    HashName.SHA384: "SHA-384",
    HashName.SHA512: "SHA-512",
    HashName.SHA512_224: "SHA-512/224",
    HashName.SHA512_256: "SHA-512/256",
    HashName.SHA3_224: "SHA3-224",
    HashName.SHA3_256: "SHA3-256",
    HashName.SHA3_384: "SHA3-384",
    HashName.SHA3_512: "SHA3-512",
    HashName.SHAKE128: "SHAKE128",
    HashName.SHAKE256: "SHAKE256",
}
_HASH_BY_OID: Final = {oid: name for name, oid in HASH_OIDS.items()}


def hash_length(name: HashName) -> int:
    """The length of a digest in bytes."""
    return _LENGTHS[name]


def hash_label(name: HashName) -> str:
    """The name of a hash function for people: "SHA-256", "SHA3-512", "SHAKE256"."""
    return _LABELS[name]


def digest_data(name: HashName, data: Buffer) -> bytes:
    """One digest from `hashlib`, for small data that needs no provider. Raises UnsupportedAlgorithm."""
    try:
        if name is HashName.SHAKE128:
            return hashlib.shake_128(data).digest(_LENGTHS[name])
        if name is HashName.SHAKE256:
            return hashlib.shake_256(data).digest(_LENGTHS[name])
        return hashlib.new(name, data).digest()
    except ValueError as error:
        raise UnsupportedAlgorithm(HASH_OIDS[name], "hash") from error


@functools.cache
def build_hash_identifier(name: HashName) -> bytes:
    """DER of a DigestAlgorithmIdentifier, with absent parameters (RFC 5754 section 2, RFC 8702 section 3.1).

    SHAKE256 is written as id-shake256. Ed448 needs another identifier: see `signatures.build_digest_identifier`.
    """
    return der.sequence(der.oid(HASH_OIDS[name]))


def parse_hash_identifier(identifier_der: Buffer, role: str = "digestAlgorithm") -> HashName:
    """Parse the AlgorithmIdentifier of a hash. Parameters are absent or NULL (RFC 5754 section 2).

    Raises UnsupportedAlgorithm or MalformedMessage.
    """
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if oid == ID_SHAKE256_LEN:
        bits = der.parse_integer(der.read_one(parameters or b"", where=role), where=role)
        if bits != 8 * hash_length(HashName.SHAKE256):
            raise MalformedMessage(f"SHAKE256 with {bits} bits, expected 512", where=role)
        return HashName.SHAKE256
    check_absent_or_null(parameters, where=role)
    return check_known(oid, _HASH_BY_OID, role)


def parse_digest_identifier(identifier_der: Buffer) -> HashName:
    """Parse the digestAlgorithm of a SignerInfo.

    Parameters that no hash has are ignored, as OpenSSL does, because they change neither the digest nor the content.
    Raises UnsupportedAlgorithm, or MalformedMessage if the bytes are no AlgorithmIdentifier.
    """
    oid, _ = parse_algorithm_identifier(identifier_der)
    if oid == ID_SHAKE256_LEN:
        return parse_hash_identifier(identifier_der)
    return check_known(oid, _HASH_BY_OID, "digestAlgorithm")
