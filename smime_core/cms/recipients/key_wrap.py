"""Key wraps: a content-encryption key (CEK), encrypted with a key-encryption key (KEK).

RFC 3394 is for AES, RFC 3217 for 3DES and RC2. Keys are never wrapped with 3DES or RC2, only unwrapped. The wraps of
3DES and RC2 encrypt the key and its checksum twice with CBC. The provider decrypts the CBC blocks; this module does the
rest.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import (
    AES_128_WRAP,
    AES_192_WRAP,
    AES_256_WRAP,
    KEY_WRAPS,
    RC2_WRAP,
    TRIPLE_DES_CBC,
    TRIPLE_DES_WRAP,
    ContentCipher,
    KeyWrap,
    check_absent_or_null,
    check_known,
    parse_algorithm_identifier,
    rc2_cbc,
)
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer
from smime_core.cms.content_encryption import parse_rc2_version
from smime_core.errors import DecryptionError
from smime_core.limits import MAX_WRAPPED_KEY_BYTES
from smime_core.policy import Policy, check_key_wrap
from smime_core.provider import CryptoProvider

AES_WRAPS: Final = {wrap.kek_length: wrap for wrap in (AES_128_WRAP, AES_192_WRAP, AES_256_WRAP)}

_OUTER_IV: Final = bytes.fromhex("4adda22c79e82105")  # RFC 3217 sections 3.1 and 4.1
_BLOCK: Final = 8  # the bytes of a block of 3DES and RC2, and of the checksum
_TRIPLE_DES_WRAPPED: Final = 40  # the bytes of IV, key and checksum together


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapAlgorithm:
    """A key wrap. `rc2_bits` are the effective bits of an RC2 key-encryption key, which always has 16 bytes."""

    wrap: KeyWrap
    rc2_bits: int = 0

    @property
    def name(self) -> str:
        return self.wrap.name

    @property
    def kek_length(self) -> int:
        return self.wrap.kek_length


def parse_key_wrap(identifier_der: Buffer, policy: Policy, role: str = "key wrap") -> WrapAlgorithm:
    """Parse the AlgorithmIdentifier of a key wrap.

    AES has no parameters (RFC 3565 section 2.3.2; NULL is accepted), 3DES has NULL, RC2 its key size (RFC 3217). Raises
    UnsupportedAlgorithm, AlgorithmForbidden or MalformedMessage.
    """
    oid, parameters = parse_algorithm_identifier(identifier_der)
    wrap = check_known(oid, KEY_WRAPS, role)
    check_key_wrap(wrap, policy)
    if wrap is not RC2_WRAP:
        check_absent_or_null(parameters, where=role)
        return WrapAlgorithm(wrap=wrap)
    bits = parse_rc2_version(der.read_one(parameters or b"", where=role), role)
    return WrapAlgorithm(wrap=wrap, rc2_bits=bits)


def build_key_wrap(wrap: KeyWrap) -> bytes:
    """DER of the AlgorithmIdentifier of an AES key wrap, with absent parameters."""
    return der.sequence(der.oid(wrap.oid))


async def unwrap_cek(
    algorithm: WrapAlgorithm, kek: bytes, wrapped: bytes, provider: CryptoProvider, cek_length: int
) -> bytes:
    """The CEK of exactly `cek_length` bytes (MUSTS 25). Raises DecryptionError."""
    if len(kek) != algorithm.kek_length or len(wrapped) > MAX_WRAPPED_KEY_BYTES:
        raise DecryptionError
    if algorithm.wrap is TRIPLE_DES_WRAP:
        cek = await _unwrap_triple_des(kek, wrapped, provider)
    elif algorithm.wrap is RC2_WRAP:
        cek = await _unwrap_rc2(rc2_cbc(algorithm.rc2_bits), kek, wrapped, provider)
    else:
        cek = await provider.unwrap_key(kek, wrapped)
    if len(cek) != cek_length:
        raise DecryptionError
    return cek


async def _unwrap_triple_des(kek: bytes, wrapped: bytes, provider: CryptoProvider) -> bytes:
    # RFC 3217 section 3.2: each byte of the key has odd parity.
    if len(wrapped) != _TRIPLE_DES_WRAPPED:
        raise DecryptionError
    cek = await _unwrap_twice(TRIPLE_DES_CBC, kek, wrapped, provider)
    if any(octet.bit_count() % 2 == 0 for octet in cek):
        raise DecryptionError
    return cek


async def _unwrap_rc2(cipher: ContentCipher, kek: bytes, wrapped: bytes, provider: CryptoProvider) -> bytes:
    # RFC 3217 section 4.2: a length byte, the key, and up to 7 bytes of padding.
    padded = await _unwrap_twice(cipher, kek, wrapped, provider)
    length, rest = padded[0], padded[1:]
    if not 0 <= len(rest) - length < _BLOCK:
        raise DecryptionError
    return rest[:length]


async def _unwrap_twice(cipher: ContentCipher, kek: bytes, wrapped: bytes, provider: CryptoProvider) -> bytes:
    # Returns the bytes before the checksum, which is the first 8 bytes of their SHA-1 (RFC 3217 section 2).
    if len(wrapped) % _BLOCK or len(wrapped) < 3 * _BLOCK:
        raise DecryptionError
    reversed_order = await provider.decrypt_blocks(cipher, kek, _OUTER_IV, wrapped)
    once = reversed_order[::-1]
    plain = await provider.decrypt_blocks(cipher, kek, once[:_BLOCK], once[_BLOCK:])
    key, checksum = plain[:-_BLOCK], plain[-_BLOCK:]
    if not hmac.compare_digest(hashlib.sha1(key).digest()[:_BLOCK], checksum):  # noqa: S324 -- RFC 3217 says so
        raise DecryptionError
    return key
