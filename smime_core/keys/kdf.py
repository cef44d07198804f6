"""Keys from passphrases: PBKDF2 and scrypt (RFC 8018 appendix A.2, RFC 7914), the KDF of old PKCS#12, and PBKDF1.

Most PKCS#12 files use the old KDFs (RFC 7292 appendix B, RFC 8018 section 5.1) for their MAC and their encryption. The
provider computes the loop of the old KDFs, and all of PBKDF2 and scrypt.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import Final, NamedTuple

from smime_core.algorithms import (
    HASH_OIDS,
    NULL,
    HashName,
    Pbkdf2,
    RepeatedHash,
    Scrypt,
    check_absent_or_null,
    check_known,
    hash_length,
    parse_algorithm_identifier,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.limits import (
    MAX_PBKDF2_ITERATIONS,
    MAX_PKCS12_KDF_ITERATIONS,
    MAX_SCRYPT_BLOCKS,
    MAX_SCRYPT_LANES_BYTES,
    MAX_SCRYPT_MEMORY_BYTES,
    check_limit,
)
from smime_core.provider import CryptoProvider

PBKDF2: Final = "1.2.840.113549.1.5.12"
SCRYPT: Final = "1.3.6.1.4.1.11591.4.11"
# RFC 8018 appendix B.1.2. NIST has assigned the OIDs with SHA-3.
HMAC_OIDS: Final = {
    HashName.SHA1: "1.2.840.113549.2.7",
    HashName.SHA224: "1.2.840.113549.2.8",
    HashName.SHA256: "1.2.840.113549.2.9",
    HashName.SHA384: "1.2.840.113549.2.10",
    HashName.SHA512: "1.2.840.113549.2.11",
    HashName.SHA512_224: "1.2.840.113549.2.12",
    HashName.SHA512_256: "1.2.840.113549.2.13",
    HashName.SHA3_224: "2.16.840.1.101.3.4.2.13",
    HashName.SHA3_256: "2.16.840.1.101.3.4.2.14",
    HashName.SHA3_384: "2.16.840.1.101.3.4.2.15",
    HashName.SHA3_512: "2.16.840.1.101.3.4.2.16",
}
_HMAC_BY_OID: Final = {oid: name for name, oid in HMAC_OIDS.items()}
# FIPS 180-4 and FIPS 202: the input block of each hash, in bytes.
_HASH_BLOCK_LENGTHS: Final = {
    HashName.MD5: 64,
    HashName.SHA1: 64,
    HashName.SHA224: 64,
    HashName.SHA256: 64,
    HashName.SHA384: 128,
    HashName.SHA512: 128,
    HashName.SHA512_224: 128,
    HashName.SHA512_256: 128,
    HashName.SHA3_224: 144,
    HashName.SHA3_256: 136,
    HashName.SHA3_384: 104,
    HashName.SHA3_512: 72,
}

_QUICK_HASHES: Final = (HashName.MD5, HashName.SHA1, HashName.SHA224, HashName.SHA256)


class Purpose(IntEnum):
    """The diversifier ID of RFC 7292 appendix B.3."""

    KEY = 1
    IV = 2
    MAC = 3


class Derivation(NamedTuple):
    """A key derivation for the provider, and the key length that its parameters state, or None."""

    kdf: Pbkdf2 | Scrypt
    key_length: int | None


class Pbkdf2Parameters(NamedTuple):
    kdf: Pbkdf2
    key_length: int | None


def bmp_passphrase(passphrase: bytes) -> bytes:
    """A passphrase in the form for the old KDF: a BMPString followed by two zero bytes (RFC 7292 B.1).

    Characters outside the BMP become surrogate pairs.
    """
    return decode_passphrase(passphrase).encode("utf-16-be") + b"\0\0"


def decode_passphrase(passphrase: bytes) -> str:
    """The characters of a UTF-8 passphrase. Bytes that are not UTF-8 are read as Latin-1, as in OpenSSL."""
    try:
        return passphrase.decode("utf-8")
    except UnicodeDecodeError:
        return passphrase.decode("latin-1")


async def derive_pkcs12(
    loop: RepeatedHash, password: bytes, salt: bytes, purpose: Purpose, length: int, provider: CryptoProvider
) -> bytes:
    """`length` bytes from the KDF of RFC 7292 appendix B.2. `password` is a result of `bmp_passphrase`, or empty.

    Raises LimitExceeded or UnsupportedAlgorithm.
    """
    check_limit("PKCS#12 KDF iterations", loop.iterations, MAX_PKCS12_KDF_ITERATIONS)
    check_hash(loop.hash_name)
    block = _HASH_BLOCK_LENGTHS[loop.hash_name]
    diversifier = bytes([purpose]) * block
    state = bytearray(_fill(salt, block) + _fill(password, block))
    derived = bytearray()
    while True:
        digest = await _repeat(loop, diversifier + state, provider)
        derived += digest
        if len(derived) >= length:
            return bytes(derived[:length])
        _add_to_blocks(state, int.from_bytes(_fill(digest, block)[:block], "big") + 1, block)


async def derive_pbkdf1(loop: RepeatedHash, password: bytes, salt: bytes, provider: CryptoProvider) -> bytes:
    """One digest from PBKDF1 (RFC 8018 section 5.1). Raises LimitExceeded or UnsupportedAlgorithm."""
    check_limit("PBKDF1 iterations", loop.iterations, MAX_PKCS12_KDF_ITERATIONS)
    check_hash(loop.hash_name)
    return await _repeat(loop, password + salt, provider)


def parse_derivation(identifier_der: Buffer) -> Derivation:
    """Parse a key derivation AlgorithmIdentifier: PBKDF2 or scrypt.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    oid, parameters = parse_algorithm_identifier(identifier_der)
    return _parse_scrypt(parameters) if oid == SCRYPT else Derivation(*parse_pbkdf2(identifier_der))


def parse_pbkdf2(identifier_der: Buffer) -> Pbkdf2Parameters:
    """Parse a key derivation AlgorithmIdentifier that must be PBKDF2 (RFC 8018 appendix A.2).

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    where = "PBKDF2-params"
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if oid != PBKDF2:
        raise UnsupportedAlgorithm(oid, "key derivation")
    fields = der.read_sequence(parameters or b"", where)
    if len(fields) < 2:
        raise MalformedMessage("salt and iterationCount are missing", where)
    salt = bytes(der.read_octets(fields[0], where))
    iterations = parse_iterations(fields[1], where)
    check_limit("PBKDF2 iterations", iterations, MAX_PBKDF2_ITERATIONS)
    key_length, optional = None, fields[2:]
    if optional and optional[0].tag == der.INTEGER:
        key_length, optional = der.parse_integer(optional[0], where), optional[1:]
    if len(optional) > 1:
        raise MalformedMessage(f"{len(optional)} fields follow keyLength, expected only prf", where)
    # RFC 8018 appendix A.2: the default PRF is HMAC with SHA-1.
    hash_name = parse_hmac_identifier(optional[0].encoded) if optional else HashName.SHA1
    return Pbkdf2Parameters(Pbkdf2(hash_name=hash_name, salt=salt, iterations=iterations), key_length)


def build_pbkdf2(kdf: Pbkdf2, *, key_length: int | None) -> bytes:
    """DER of the AlgorithmIdentifier of PBKDF2. keyLength is OPTIONAL; None leaves it out (RFC 8018 appendix A.2)."""
    parameters = der.sequence(
        der.octet_string(kdf.salt),
        der.integer(kdf.iterations),
        der.integer(key_length) if key_length is not None else b"",
        build_hmac_identifier(kdf.hash_name),
    )
    return der.sequence(der.oid(PBKDF2), parameters)


def parse_hmac_identifier(identifier_der: Buffer) -> HashName:
    """The hash of an HMAC AlgorithmIdentifier (RFC 8018 appendix B.1).

    Raises UnsupportedAlgorithm or MalformedMessage.
    """
    oid, parameters = parse_algorithm_identifier(identifier_der)
    hash_name = check_known(oid, _HMAC_BY_OID, "HMAC")
    check_absent_or_null(parameters, where="HMAC")
    return hash_name


def build_hmac_identifier(hash_name: HashName) -> bytes:
    """DER of an HMAC AlgorithmIdentifier, with NULL as in RFC 8018 appendix B.1."""
    return der.sequence(der.oid(HMAC_OIDS[hash_name]), NULL)


def weigh_iterations(iterations: int, hash_name: HashName) -> int:
    """The cost of iterations of a hash, in iterations of SHA-256. Iterations of a slower hash count twice."""
    return iterations if hash_name in _QUICK_HASHES else 2 * iterations


def parse_iterations(tlv: Tlv, where: str) -> int:
    """Parse an iteration count above zero. The caller checks the upper limit. Raises MalformedMessage."""
    iterations = der.parse_integer(tlv, where)
    if iterations < 1:
        raise MalformedMessage(f"iterationCount is {iterations}", where)
    return iterations


def check_hash(hash_name: HashName) -> None:
    """Raise UnsupportedAlgorithm if Python or the old KDF lacks the hash."""
    # SHA-512/224 and SHA-512/256 come from OpenSSL, which Python in a browser may lack.
    if hash_name not in _HASH_BLOCK_LENGTHS or hash_name not in hashlib.algorithms_available:
        raise UnsupportedAlgorithm(HASH_OIDS[hash_name], "key derivation")


def _parse_scrypt(parameters: bytes | None) -> Derivation:
    # RFC 7914 section 7.1: scrypt-params ::= SEQUENCE { salt, costParameter, blockSize, parallelizationParameter,
    # keyLength OPTIONAL }
    where = "scrypt-params"
    fields = der.expect_count(der.read_sequence(parameters or b"", where), where, 4, 5)
    salt = bytes(der.read_octets(fields[0], where))
    cost, block_size, parallelisation, *rest = (der.parse_integer(field, where) for field in fields[1:])
    if cost < 2 or cost & (cost - 1) or block_size < 1 or parallelisation < 1:
        raise MalformedMessage("expected a cost that is a power of two, and positive sizes", where)
    check_limit("scrypt memory in bytes", 128 * block_size * cost, MAX_SCRYPT_MEMORY_BYTES)
    check_limit("scrypt lanes in bytes", 128 * block_size * parallelisation, MAX_SCRYPT_LANES_BYTES)
    check_limit("scrypt blocks", block_size * cost * parallelisation, MAX_SCRYPT_BLOCKS)
    kdf = Scrypt(salt=salt, cost=cost, block_size=block_size, parallelisation=parallelisation)
    return Derivation(kdf, rest[0] if rest else None)


async def _repeat(loop: RepeatedHash, data: bytes, provider: CryptoProvider) -> bytes:
    return await provider.derive_key(loop, data, hash_length(loop.hash_name))


def _fill(octets: bytes, block: int) -> bytes:
    # Copies of `octets` up to the next multiple of the block length; empty if `octets` is empty.
    length = -(-len(octets) // block) * block
    return (octets * (length // len(octets) + 1))[:length] if octets else b""


def _add_to_blocks(state: bytearray, addend: int, block: int) -> None:
    # RFC 7292 appendix B.2 step 6C: every block of I becomes (I_j + B + 1) mod 2^v.
    for start in range(0, len(state), block):
        total = int.from_bytes(state[start : start + block], "big") + addend
        state[start : start + block] = (total % (1 << 8 * block)).to_bytes(block, "big")
