"""PasswordRecipientInfo: the CEK under a passphrase (RFC 5652 section 6.2.4, RFC 3211).

PBKDF2 makes the KEK; the CEK with a length byte and three check bytes is encrypted twice by AES-CBC without padding.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.algorithms import (
    AES_256_CBC,
    CONTENT_CIPHERS,
    CipherMode,
    ContentCipher,
    HashName,
    Pbkdf2,
    parse_algorithm_identifier,
)
from smime_core.der import Tlv
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm, WrongPassphrase
from smime_core.kdf import build_pbkdf2, parse_pbkdf2
from smime_core.provider import CryptoProvider

PWRI: Final = 0xA3
_PWRI_KEK: Final = "1.2.840.113549.1.9.16.3.9"
_ITERATIONS: Final = 600_000  # OWASP's figure for PBKDF2-HMAC-SHA-256
_CHECK_BYTES: Final = 3
_HEAD_BYTES: Final = 1 + _CHECK_BYTES  # length and check bytes before the CEK


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRecipient:
    """A `pwri`. Its algorithms are read when it is used, so that unknown ones spoil no other recipient."""

    derivation_der: bytes
    algorithm_der: bytes
    encrypted_key: bytes

    kind = "pwri"
    rid = "a password"


def parse_password_recipient(tlv: Tlv) -> PasswordRecipient:
    """The structure of a `pwri`. Raises MalformedMessage."""
    where = "PasswordRecipientInfo"
    fields = der.read_children(tlv, where=where)
    # RFC 5652 section 6.2.4 makes keyDerivationAlgorithm optional; without it nobody can know the KEK (MUSTS 30).
    if len(fields) != 4 or fields[1].tag != 0xA0:
        raise MalformedMessage("expected version, key derivation, algorithm and key", where=where)
    return PasswordRecipient(
        derivation_der=b"\x30" + der.to_definite(fields[1], where=where)[1:],
        algorithm_der=der.to_definite(fields[2], where=where),
        encrypted_key=bytes(der.read_octets(fields[3], where=where)),
    )


async def build_password_recipient(password: bytes, cek: bytes, *, provider: CryptoProvider) -> bytes:
    """DER of a `pwri` for a passphrase in UTF-8: PBKDF2 with HMAC-SHA-256, AES-256-CBC."""
    cipher = AES_256_CBC
    kdf = Pbkdf2(hash_name=HashName.SHA256, salt=provider.random_bytes(16), iterations=_ITERATIONS)
    kek = await provider.derive_key(kdf, password, cipher.key_length)
    iv = provider.random_bytes(cipher.iv_length)
    check = bytes(octet ^ 0xFF for octet in cek[:_CHECK_BYTES])
    block = bytes([len(cek)]) + check + cek
    # RFC 3211 section 2.3.1: random padding up to a multiple of the block, and at least two blocks.
    padded = max(-(-len(block) // cipher.iv_length), 2) * cipher.iv_length
    block += provider.random_bytes(padded - len(block))
    once = await _encrypt_unpadded(cipher, kek, iv, block, provider)
    twice = await _encrypt_unpadded(cipher, kek, once[-cipher.iv_length :], once, provider)
    wrap_der = der.sequence(der.oid(cipher.oid), der.octet_string(iv))
    return der.element(
        PWRI,
        der.integer(0),
        b"\xa0" + build_pbkdf2(kdf, key_length=cipher.key_length)[1:],
        der.sequence(der.oid(_PWRI_KEK), wrap_der),
        der.octet_string(twice),
    )


async def unwrap_with_password(
    recipient: PasswordRecipient, password: bytes, *, cek_length: int, provider: CryptoProvider
) -> bytes:
    """The CEK of `cek_length` bytes.

    Raises WrongPassphrase, UnsupportedAlgorithm, LimitExceeded or MalformedMessage.
    """
    kdf, _ = parse_pbkdf2(recipient.derivation_der)
    cipher, iv = _parse_wrap(recipient.algorithm_der)
    wrapped, size = recipient.encrypted_key, cipher.iv_length
    if len(wrapped) < 2 * size or len(wrapped) % size:
        raise WrongPassphrase
    kek = await provider.derive_key(kdf, password, cipher.key_length)
    # RFC 3211 section 2.3.2: the last block's plaintext is the IV of the outer layer, then the inner layer opens.
    outer_iv = await _decrypt_unpadded(cipher, kek, wrapped[-2 * size : -size], wrapped[-size:], provider)
    once = await _decrypt_unpadded(cipher, kek, outer_iv, wrapped[:-size], provider) + outer_iv
    block = await _decrypt_unpadded(cipher, kek, iv, once, provider)
    length, cek = block[0], block[_HEAD_BYTES : _HEAD_BYTES + cek_length]
    check = bytes(octet ^ 0xFF for octet in cek[:_CHECK_BYTES])
    if length != cek_length or len(cek) != cek_length or not hmac.compare_digest(check, block[1:_HEAD_BYTES]):
        raise WrongPassphrase
    return cek


def _parse_wrap(algorithm_der: bytes) -> tuple[ContentCipher, bytes]:
    oid, wrap_der = parse_algorithm_identifier(algorithm_der)
    if oid != _PWRI_KEK or wrap_der is None:
        raise UnsupportedAlgorithm(oid, "key encryption under a password")
    cipher_oid, parameters = parse_algorithm_identifier(wrap_der)
    cipher = CONTENT_CIPHERS.get(cipher_oid)
    if cipher is None or cipher.mode is not CipherMode.CBC:
        raise UnsupportedAlgorithm(cipher_oid, "key encryption under a password")
    where = "PWRI-KEK"
    iv = bytes(der.expect(der.read_one(parameters or b"", where=where), der.OCTET_STRING, where=where).content)
    if len(iv) != cipher.iv_length:
        raise MalformedMessage(f"an IV of {len(iv)} bytes, expected {cipher.iv_length}", where=where)
    return cipher, iv


async def _encrypt_unpadded(
    cipher: ContentCipher, key: bytes, iv: bytes, blocks: bytes, provider: CryptoProvider
) -> bytes:
    # The provider pads, as contents need it: its last block is the padding's and is left out.
    return (await provider.encrypt_content(cipher, key, iv, blocks))[: len(blocks)]


async def _decrypt_unpadded(
    cipher: ContentCipher, key: bytes, iv: bytes, blocks: bytes, provider: CryptoProvider
) -> bytes:
    # The provider demands padding: the encryption of nothing, chained to the last block, is a block of it.
    padding = await provider.encrypt_content(cipher, key, blocks[-cipher.iv_length :], b"")
    return await provider.decrypt_content(cipher, key, iv, blocks + padding)
