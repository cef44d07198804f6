"""Password-based encryption: the schemes of PKCS#5 (RFC 8018), of PKCS#12 (RFC 7292 appendix C) and of old PEM files.

Reads PBES2 with PBKDF2 or scrypt over AES, 3DES, RC2 and DES in CBC mode, PBES1, and the 3DES and RC2 of PKCS#12.
Writes only PBES2 with AES. RC4, MD2 and RC5 are not supported; the errors name them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.algorithms import (
    AES_128_CBC,
    AES_192_CBC,
    AES_256_CBC,
    CONTENT_CIPHERS,
    DES_CBC,
    RC2_CBC,
    TRIPLE_DES_CBC,
    CipherMode,
    ContentCipher,
    HashName,
    Pbkdf2,
    RepeatedHash,
    Scrypt,
    hash_length,
    parse_algorithm_identifier,
    rc2_cbc,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.keys.kdf import (
    Purpose,
    build_pbkdf2,
    derive_pbkdf1,
    derive_pkcs12,
    parse_derivation,
    parse_iterations,
    weigh_iterations,
)
from smime_core.provider import CryptoProvider

PBES2: Final = "1.2.840.113549.1.5.13"
_TWO_KEYS: Final = 16  # Bytes of two 3DES keys. The first key is used again as the third.
_UNREADABLE: Final = {
    "1.2.840.113549.1.12.1.1": "RC4 with 128 bits",
    "1.2.840.113549.1.12.1.2": "RC4 with 40 bits",
    "1.2.840.113549.1.5.1": "DES with MD2",
    "1.2.840.113549.1.5.4": "RC2 with MD2",
    "1.2.840.113549.3.4": "RC4",
    "1.2.840.113549.3.9": "RC5",
}
# RFC 8018 appendix B.2.3: rc2ParameterVersion is a code for the key's size, or above 255 the number of bits itself.
_RC2_VERSIONS: Final = {160: 40, 120: 64, 58: 128}
_RC2_DEFAULT_BITS: Final = 32
# The names in DEK-Info (RFC 1423 and OpenSSL).
_PEM_CIPHERS: Final = {
    "AES-128-CBC": AES_128_CBC,
    "AES-192-CBC": AES_192_CBC,
    "AES-256-CBC": AES_256_CBC,
    "DES-EDE3-CBC": TRIPLE_DES_CBC,
    "DES-CBC": DES_CBC,
}
_PEM_SALT_LENGTH: Final = 8  # The first bytes of the IV are the salt; DES has an IV of 8 bytes.


class OldKdf(StrEnum):
    """Derivations that need no provider. PKCS12 and PBKDF1 derive the IV too; PEM reads the IV from the header."""

    PKCS12 = "pkcs12"
    PBKDF1 = "pbkdf1"
    PEM = "pem"


# The schemes that are older than PBES2, with the number of key bytes to derive.
_OLD_SCHEMES: Final = {
    # RFC 7292 appendix C: the schemes from pbeWithSHAAnd3-KeyTripleDES-CBC on.
    "1.2.840.113549.1.12.1.3": (OldKdf.PKCS12, HashName.SHA1, TRIPLE_DES_CBC, TRIPLE_DES_CBC.key_length),
    "1.2.840.113549.1.12.1.4": (OldKdf.PKCS12, HashName.SHA1, TRIPLE_DES_CBC, _TWO_KEYS),
    "1.2.840.113549.1.12.1.5": (OldKdf.PKCS12, HashName.SHA1, rc2_cbc(128), 16),
    "1.2.840.113549.1.12.1.6": (OldKdf.PKCS12, HashName.SHA1, rc2_cbc(40), 5),
    # RFC 8018 appendix A.3.
    "1.2.840.113549.1.5.3": (OldKdf.PBKDF1, HashName.MD5, DES_CBC, DES_CBC.key_length),
    "1.2.840.113549.1.5.6": (OldKdf.PBKDF1, HashName.MD5, rc2_cbc(64), 8),
    "1.2.840.113549.1.5.10": (OldKdf.PBKDF1, HashName.SHA1, DES_CBC, DES_CBC.key_length),
    "1.2.840.113549.1.5.11": (OldKdf.PBKDF1, HashName.SHA1, rc2_cbc(64), 8),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OldDerivation:
    kdf: OldKdf
    hash_name: HashName
    salt: bytes
    iterations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordEncryption:
    """An encryption scheme without its passphrase. `key_length` bytes are derived, and the IV if `iv` is None."""

    cipher: ContentCipher
    derivation: Pbkdf2 | Scrypt | OldDerivation
    key_length: int
    iv: bytes | None

    @property
    def takes_bmp(self) -> bool:
        """Whether the passphrase is used as a BMPString (RFC 7292 appendix B.1)."""
        return isinstance(self.derivation, OldDerivation) and self.derivation.kdf is OldKdf.PKCS12


def parse_encryption(identifier_der: Buffer) -> PasswordEncryption:
    """Parse an encryption AlgorithmIdentifier.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm.
    """
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if oid == PBES2:
        return _parse_pbes2(parameters)
    if oid not in _OLD_SCHEMES:
        raise _unsupported(oid)
    kdf, hash_name, cipher, key_length = _OLD_SCHEMES[oid]
    derivation = _parse_old(parameters, kdf, hash_name)
    return PasswordEncryption(cipher=cipher, derivation=derivation, key_length=key_length, iv=None)


def parse_dek_info(dek_info: str) -> PasswordEncryption:
    """Parse an old PEM header `DEK-Info: AES-256-CBC,<IV in hex>`. The IV's first 8 bytes are the salt.

    Raises MalformedMessage or UnsupportedAlgorithm.
    """
    name, _, iv_hex = dek_info.partition(",")
    cipher = _PEM_CIPHERS.get(name.strip().upper())
    if cipher is None:
        raise UnsupportedAlgorithm(name.strip()[:40], "DEK-Info")
    try:
        iv = bytes.fromhex(iv_hex)
    except ValueError as error:
        raise MalformedMessage("the IV is no hexadecimal number", where="DEK-Info") from error
    _check_iv(iv, cipher, where="DEK-Info")
    derivation = OldDerivation(kdf=OldKdf.PEM, hash_name=HashName.MD5, salt=iv[:_PEM_SALT_LENGTH], iterations=1)
    return PasswordEncryption(cipher=cipher, derivation=derivation, key_length=cipher.key_length, iv=iv)


def build_pbes2(kdf: Pbkdf2, cipher: ContentCipher, iv: bytes) -> bytes:
    """DER of the AlgorithmIdentifier of PBES2 (RFC 8018 appendix A.4)."""
    scheme = der.sequence(der.oid(cipher.oid), der.octet_string(iv))
    return der.sequence(der.oid(PBES2), der.sequence(build_pbkdf2(kdf, key_length=cipher.key_length), scheme))


async def derive_old(
    encryption: PasswordEncryption, derivation: OldDerivation, password: bytes, provider: CryptoProvider
) -> tuple[bytes, bytes]:
    """(key, IV) from a derivation that is older than PBES2. Raises LimitExceeded or UnsupportedAlgorithm."""
    loop = RepeatedHash(hash_name=derivation.hash_name, iterations=derivation.iterations)
    if derivation.kdf is OldKdf.PBKDF1:
        # RFC 8018 section 6.1.1: 8 bytes are the key, the next 8 are the IV.
        derived = await derive_pbkdf1(loop, password, derivation.salt, provider)
        return derived[:8], derived[8:16]
    if derivation.kdf is OldKdf.PEM:
        return _derive_pem(password, derivation.salt, encryption.key_length), encryption.iv or b""
    key, iv = [
        await derive_pkcs12(loop, password, derivation.salt, purpose, length, provider)
        for purpose, length in ((Purpose.KEY, encryption.key_length), (Purpose.IV, encryption.cipher.iv_length))
    ]
    # RFC 7292 appendix C: if two keys are derived, the first key is used again as the third.
    return (key + key[:8] if len(key) == _TWO_KEYS and encryption.cipher is TRIPLE_DES_CBC else key), iv


def derivation_work(derivation: Pbkdf2 | Scrypt | OldDerivation, length: int) -> int:
    """The cost of deriving `length` bytes of key, and the IV if it is derived too, in iterations of SHA-256.

    A block of scrypt counts as one iteration.
    """
    if isinstance(derivation, Scrypt):
        return derivation.cost * derivation.block_size * derivation.parallelisation
    blocks = -(-length // hash_length(derivation.hash_name))
    if isinstance(derivation, OldDerivation) and derivation.kdf is OldKdf.PKCS12:
        blocks += 1
    return weigh_iterations(derivation.iterations, derivation.hash_name) * blocks


def _parse_pbes2(parameters: bytes | None) -> PasswordEncryption:
    # RFC 8018 appendix A.4: PBES2-params ::= SEQUENCE { keyDerivationFunc, encryptionScheme }
    where = "PBES2-params"
    fields = der.expect_count(der.read_sequence(parameters or b"", where), where, 2)
    cipher, iv = _parse_scheme(fields[1].encoded, where)
    kdf, key_length = parse_derivation(fields[0].encoded)
    if key_length not in (None, cipher.key_length):
        raise MalformedMessage(f"a key of {key_length} bytes, {cipher.name} takes {cipher.key_length}", where)
    return PasswordEncryption(cipher=cipher, derivation=kdf, key_length=cipher.key_length, iv=iv)


def _parse_scheme(identifier_der: Buffer, where: str) -> tuple[ContentCipher, bytes]:
    oid, parameters = parse_algorithm_identifier(identifier_der)
    if oid == RC2_CBC:
        return _parse_rc2(parameters, where)
    cipher = CONTENT_CIPHERS.get(oid)
    if cipher is None or cipher.mode is not CipherMode.CBC:
        raise _unsupported(oid)
    iv = bytes(der.read_octets(der.read_one(parameters or b"", where), where))
    _check_iv(iv, cipher, where)
    return cipher, iv


def _parse_rc2(parameters: bytes | None, where: str) -> tuple[ContentCipher, bytes]:
    # RFC 8018 appendix B.2.3: RC2-CBC-Parameter ::= SEQUENCE { rc2ParameterVersion INTEGER OPTIONAL, iv }
    fields = der.read_sequence(parameters or b"", where)
    if len(fields) not in (1, 2):
        raise MalformedMessage(f"RC2 with {len(fields)} parameters, expected 1 or 2", where)
    version = der.parse_integer(fields[0], where) if len(fields) == 2 else None
    bits = _RC2_DEFAULT_BITS if version is None else _RC2_VERSIONS.get(version, version)
    # The longest key of RC2 has 1,024 bits (RFC 2268 section 2).
    if not 8 <= bits <= 1024 or bits % 8 or (version not in _RC2_VERSIONS and version is not None and version < 256):
        raise UnsupportedAlgorithm(RC2_CBC, "RC2 version", text=f"RC2: parameter version {version} is not supported")
    cipher = rc2_cbc(bits)
    iv = bytes(der.read_octets(fields[-1], where))
    _check_iv(iv, cipher, where)
    return cipher, iv


def _parse_old(parameters: bytes | None, kdf: OldKdf, hash_name: HashName) -> OldDerivation:
    # PBEParameter and pkcs-12PbeParams: SEQUENCE { salt OCTET STRING, iterations INTEGER }
    where = "PBEParameter"
    fields = der.expect_count(der.read_sequence(parameters or b"", where), where, 2)
    salt = bytes(der.read_octets(fields[0], where))
    iterations = parse_iterations(fields[1], where)
    return OldDerivation(kdf=kdf, hash_name=hash_name, salt=salt, iterations=iterations)


def _check_iv(iv: bytes, cipher: ContentCipher, where: str) -> None:
    if len(iv) != cipher.iv_length:
        raise MalformedMessage(f"an IV of {len(iv)} bytes, {cipher.name} takes {cipher.iv_length}", where)


def _derive_pem(password: bytes, salt: bytes, length: int) -> bytes:
    # OpenSSL's EVP_BytesToKey with MD5 and one iteration.
    derived = block = b""
    while len(derived) < length:
        block = hashlib.md5(block + password + salt, usedforsecurity=False).digest()
        derived += block
    return derived[:length]


def _unsupported(oid: str) -> UnsupportedAlgorithm:
    role = "password-based encryption"
    if oid not in _UNREADABLE:
        return UnsupportedAlgorithm(oid, role)
    text = f"{role}: the file is encrypted by {_UNREADABLE[oid]}, which is not read: export it again with AES-256"
    return UnsupportedAlgorithm(oid, role, text=text)
