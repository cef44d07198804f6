"""Keys from passphrases: the parameters of PBKDF2 and PBES2 (RFC 8018 appendix A) and the KDF of old PKCS#12.

The old KDF (RFC 7292 appendix B) stands here in pure Python over hashlib, for the MAC that nearly every PKCS#12 file
still carries; PBKDF2 itself belongs to the provider. Leaves out: scrypt, PRFs other than HMAC with SHA-1 and SHA-2,
PBES2 with anything but AES-CBC.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import Final, NamedTuple

from smime_core import der
from smime_core.algorithms import (
    CONTENT_CIPHERS,
    NULL,
    CipherMode,
    ContentCipher,
    HashName,
    Pbkdf2,
    parse_algorithm_identifier,
)
from smime_core.der import Buffer, Tlv
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.limits import MAX_PBKDF2_ITERATIONS, check_limit

PBES2: Final = "1.2.840.113549.1.5.13"
PBKDF2: Final = "1.2.840.113549.1.5.12"
HMAC_OIDS: Final = {
    HashName.SHA1: "1.2.840.113549.2.7",
    HashName.SHA224: "1.2.840.113549.2.8",
    HashName.SHA256: "1.2.840.113549.2.9",
    HashName.SHA384: "1.2.840.113549.2.10",
    HashName.SHA512: "1.2.840.113549.2.11",
}
MAX_PKCS12_KDF_ITERATIONS: Final = 1_000_000  # about 1 s in Python; writers use 1 to 600,000

_OLD_PBE: Final = "1.2.840.113549.1.12.1."  # RFC 7292 appendix C: RC4, 3DES and RC2
_OLD_PBES1: Final = "1.2.840.113549.1.5."  # RFC 8018 appendix A.3: DES and RC2; PBES2 is told apart before
_HMAC_BY_OID: Final = {oid: name for name, oid in HMAC_OIDS.items()}
_HASH_BLOCK_LENGTHS: Final = {
    HashName.MD5: 64,
    HashName.SHA1: 64,
    HashName.SHA224: 64,
    HashName.SHA256: 64,
    HashName.SHA384: 128,
    HashName.SHA512: 128,
}


class Purpose(IntEnum):
    """The diversifier ID of RFC 7292 appendix B.3."""

    KEY = 1
    IV = 2
    MAC = 3


class Pbkdf2Parameters(NamedTuple):
    kdf: Pbkdf2
    key_length: int | None


def bmp_passphrase(passphrase: bytes) -> bytes:
    """A UTF-8 passphrase as the BMPString with two zero bytes behind it that the old KDF takes (RFC 7292 B.1).

    Bytes that are no UTF-8 are taken for Latin-1, as OpenSSL does. Characters outside the BMP become surrogates.
    """
    try:
        text = passphrase.decode("utf-8")
    except UnicodeDecodeError:
        text = passphrase.decode("latin-1")
    return text.encode("utf-16-be") + b"\0\0"


def derive_pkcs12(
    hash_name: HashName, password: bytes, salt: bytes, *, purpose: Purpose, iterations: int, length: int
) -> bytes:
    """`length` bytes by the KDF of RFC 7292 appendix B.2; `password` as it goes in, `bmp_passphrase` or empty.

    Raises LimitExceeded.
    """
    check_limit("PKCS#12 KDF iterations", iterations, MAX_PKCS12_KDF_ITERATIONS)
    block = _HASH_BLOCK_LENGTHS[hash_name]
    diversifier = bytes([purpose]) * block
    state = bytearray(_fill(salt, block) + _fill(password, block))
    derived = bytearray()
    while True:
        digest = hashlib.new(hash_name, diversifier + state).digest()
        for _ in range(iterations - 1):
            digest = hashlib.new(hash_name, digest).digest()
        derived += digest
        if len(derived) >= length:
            return bytes(derived[:length])
        _add_to_blocks(state, int.from_bytes(_fill(digest, block)[:block], "big") + 1, block)


def parse_pbkdf2(identifier_der: Buffer) -> Pbkdf2Parameters:
    """A key derivation AlgorithmIdentifier that must be PBKDF2 (RFC 8018 appendix A.2).

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    where = "PBKDF2-params"
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if oid != PBKDF2:
        raise UnsupportedAlgorithm(oid, "key derivation")
    fields = der.read_sequence(parameters or b"", where=where)
    if len(fields) < 2:
        raise MalformedMessage("salt and iterationCount are missing", where=where)
    salt = bytes(der.read_octets(fields[0], where=where))
    iterations = _parse_iterations(fields[1], where=where)
    key_length, optional = None, fields[2:]
    if optional and optional[0].tag == der.INTEGER:
        key_length, optional = der.parse_integer(optional[0], where=where), optional[1:]
    if len(optional) > 1:
        raise MalformedMessage(f"{len(optional)} fields follow keyLength, expected prf alone", where=where)
    # RFC 8018 appendix A.2: the default PRF is HMAC with SHA-1.
    hash_name = parse_hmac_identifier(optional[0].encoded) if optional else HashName.SHA1
    return Pbkdf2Parameters(Pbkdf2(hash_name=hash_name, salt=salt, iterations=iterations), key_length)


def build_pbkdf2(kdf: Pbkdf2, *, key_length: int) -> bytes:
    """DER of the AlgorithmIdentifier of PBKDF2."""
    parameters = der.sequence(
        der.octet_string(kdf.salt),
        der.integer(kdf.iterations),
        der.integer(key_length),
        build_hmac_identifier(kdf.hash_name),
    )
    return der.sequence(der.oid(PBKDF2), parameters)


def parse_hmac_identifier(identifier_der: Buffer) -> HashName:
    """The hash of an HMAC AlgorithmIdentifier (RFC 8018 appendix B.1).

    Raises UnsupportedAlgorithm or MalformedMessage.
    """
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if oid not in _HMAC_BY_OID:
        raise UnsupportedAlgorithm(oid, "HMAC")
    if parameters not in (None, NULL):
        raise MalformedMessage("parameters are neither absent nor NULL", where="HMAC")
    return _HMAC_BY_OID[oid]


def build_hmac_identifier(hash_name: HashName) -> bytes:
    """DER of an HMAC AlgorithmIdentifier; RFC 8018 appendix B.1 writes NULL."""
    return der.sequence(der.oid(HMAC_OIDS[hash_name]), NULL)


def parse_pbes2(identifier_der: Buffer) -> tuple[Pbkdf2, ContentCipher, bytes]:
    """(key derivation, cipher, IV) of an AlgorithmIdentifier that must be PBES2 (RFC 8018 appendix A.4).

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    where = "PBES2-params"
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if oid != PBES2:
        raise _unsupported_encryption(oid)
    fields = der.read_sequence(parameters or b"", where=where)
    if len(fields) != 2:
        raise MalformedMessage(f"{len(fields)} fields, expected 2", where=where)
    scheme, iv_der = parse_algorithm_identifier(fields[1].encoded)
    cipher = CONTENT_CIPHERS.get(scheme)
    if cipher is None or cipher.mode is not CipherMode.CBC:
        raise UnsupportedAlgorithm(scheme, "password-based encryption")
    iv = bytes(der.read_octets(der.read_one(iv_der or b"", where=where), where=where))
    kdf, key_length = parse_pbkdf2(fields[0].encoded)
    if len(iv) != cipher.iv_length or key_length not in (None, cipher.key_length):
        raise MalformedMessage(f"the lengths of key and IV do not fit {cipher.name}", where=where)
    return kdf, cipher, iv


def build_pbes2(kdf: Pbkdf2, cipher: ContentCipher, iv: bytes) -> bytes:
    """DER of the AlgorithmIdentifier of PBES2."""
    scheme = der.sequence(der.oid(cipher.oid), der.octet_string(iv))
    return der.sequence(der.oid(PBES2), der.sequence(build_pbkdf2(kdf, key_length=cipher.key_length), scheme))


def _unsupported_encryption(oid: str) -> UnsupportedAlgorithm:
    if not oid.startswith((_OLD_PBE, _OLD_PBES1)):
        return UnsupportedAlgorithm(oid, "password-based encryption")
    text = "the file is encrypted in an old, weak way (RC2, RC4, DES or 3DES): export it again with AES-256"
    return UnsupportedAlgorithm(oid, "password-based encryption", text=text)


def _parse_iterations(tlv: Tlv, *, where: str) -> int:
    iterations = der.parse_integer(tlv, where=where)
    if iterations < 1:
        raise MalformedMessage(f"iterationCount is {iterations}", where=where)
    check_limit("PBKDF2 iterations", iterations, MAX_PBKDF2_ITERATIONS)
    return iterations


def _fill(octets: bytes, block: int) -> bytes:
    # Copies of `octets` up to the next multiple of the block length; nothing stays nothing.
    length = -(-len(octets) // block) * block
    return (octets * (length // len(octets) + 1))[:length] if octets else b""


def _add_to_blocks(state: bytearray, addend: int, block: int) -> None:
    # RFC 7292 appendix B.2 step 6C: every block of I becomes (I_j + B + 1) mod 2^v.
    for start in range(0, len(state), block):
        total = int.from_bytes(state[start : start + block], "big") + addend
        state[start : start + block] = (total % (1 << 8 * block)).to_bytes(block, "big")
