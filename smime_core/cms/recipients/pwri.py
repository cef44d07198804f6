"""PasswordRecipientInfo: the content-encryption key (CEK), encrypted with a passphrase (RFC 5652 section 6.2.4).

PBKDF2 derives the key-encryption key (KEK). A length byte, three check bytes and the CEK are encrypted twice with CBC
(RFC 3211). We write AES and also read 3DES and RC2.

A `PasswordKey` is a KEK that was derived before. With it, many structures that share one key derivation are written and
read, and the KEK is derived only once.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

from smime_core.algorithms import AES_256_CBC, ContentCipher, HashName, Pbkdf2, hash_length, parse_algorithm_identifier
from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.cms.content_encryption import ContentEncryption, build_content_encryption, parse_content_encryption
from smime_core.errors import MalformedMessage, SmimeError, UnsupportedAlgorithm, WrongPassphrase
from smime_core.keys.kdf import build_pbkdf2, parse_pbkdf2, weigh_iterations
from smime_core.limits import MAX_WRAPPED_KEY_BYTES
from smime_core.policy import Policy, check_content_cipher
from smime_core.provider import CryptoProvider

PWRI: Final = 0xA3
_PWRI_KEK: Final = "1.2.840.113549.1.9.16.3.9"
PASSWORD_ITERATIONS: Final = 600_000  # OWASP recommends this number for PBKDF2-HMAC-SHA-256.
_CHECK_BYTES: Final = 3
_HEAD_BYTES: Final = 1 + _CHECK_BYTES  # length and check bytes before the CEK


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordKey:
    """A KEK that `kdf` has derived from a passphrase. The repr leaves out the key."""

    kdf: Pbkdf2
    kek: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRecipient:
    """A `pwri`. Its algorithms are parsed on use, so that unknown algorithms do not affect other recipients."""

    derivation_der: bytes
    algorithm_der: bytes
    encrypted_key: bytes

    kind = "pwri"
    rid = "a password"

    def is_derived_as(self, key: PasswordKey) -> bool:
        """Whether the recipient's key derivation algorithm is the same as that of `key`. Nothing is derived here."""
        try:
            kdf, key_length = parse_pbkdf2(self.derivation_der)
        except SmimeError:
            return False
        return kdf == key.kdf and key_length in (None, len(key.kek))

    def describe(self) -> str:
        """The key management in words for people. Raises UnsupportedAlgorithm, LimitExceeded or MalformedMessage."""
        return f"{_parse_wrap(self.algorithm_der).cipher.name} key wrap under a password"


def parse_password_recipient(tlv: Tlv) -> PasswordRecipient:
    """Parse a `pwri`. Raises MalformedMessage."""
    where = "PasswordRecipientInfo"
    fields = der.read_children(tlv, where)
    # RFC 5652 section 6.2.4 makes keyDerivationAlgorithm optional. Without it the KEK cannot be derived (MUSTS 30).
    if len(fields) != 4 or fields[1].tag != 0xA0:
        raise MalformedMessage("expected version, key derivation, algorithm and key", where)
    return PasswordRecipient(
        derivation_der=b"\x30" + der.to_definite(fields[1], where)[1:],
        algorithm_der=der.to_definite(fields[2], where),
        encrypted_key=bytes(der.read_octets(fields[3], where)),
    )


def password_work(recipient: PasswordRecipient) -> int:
    """The cost of trying one password, in PBKDF2 iterations of SHA-256.

    Raises UnsupportedAlgorithm, LimitExceeded or MalformedMessage.
    """
    kdf = parse_pbkdf2(recipient.derivation_der).kdf
    blocks = -(-_parse_wrap(recipient.algorithm_der).cipher.key_length // hash_length(kdf.hash_name))
    return weigh_iterations(kdf.iterations, kdf.hash_name) * blocks


async def build_pwri(password: bytes, cek: bytes, provider: CryptoProvider) -> bytes:
    """DER of a `pwri` for a passphrase in UTF-8: PBKDF2 with HMAC-SHA-256, AES-256-CBC.

    Raises MalformedMessage for an empty password, which anybody could guess.
    """
    key = await derive_password_key(password, provider.random_bytes(16), provider)
    return await build_pwri_under(key, cek, provider)


async def derive_password_key(password: bytes, salt: bytes, provider: CryptoProvider) -> PasswordKey:
    """The KEK of a passphrase in UTF-8, from PBKDF2 with HMAC-SHA-256 and 600,000 iterations.

    Raises MalformedMessage for an empty password, which anybody could guess.
    """
    if not password:
        raise MalformedMessage("an empty password, expected at least one character", where="PasswordRecipientInfo")
    kdf = password_derivation(salt)
    return PasswordKey(kdf=kdf, kek=await provider.derive_key(kdf, password, AES_256_CBC.key_length))


def password_derivation(salt: bytes) -> Pbkdf2:
    """The key derivation that we write, with this salt."""
    return Pbkdf2(hash_name=HashName.SHA256, salt=salt, iterations=PASSWORD_ITERATIONS)


async def build_pwri_under(key: PasswordKey, cek: bytes, provider: CryptoProvider) -> bytes:
    """DER of a `pwri` with a KEK of 32 bytes that was derived before. Raises MalformedMessage for another length."""
    cipher = AES_256_CBC
    if len(key.kek) != cipher.key_length:
        raise MalformedMessage(
            f"a key of {len(key.kek)} bytes, expected {cipher.key_length}", where="PasswordRecipientInfo"
        )
    iv = provider.random_bytes(cipher.iv_length)
    check = bytes(octet ^ 0xFF for octet in cek[:_CHECK_BYTES])
    block = bytes([len(cek)]) + check + cek
    # RFC 3211 section 2.3.1: random padding up to a multiple of the block, and at least two blocks.
    padded = max(-(-len(block) // cipher.iv_length), 2) * cipher.iv_length
    block += provider.random_bytes(padded - len(block))
    once = await _encrypt_unpadded(cipher, key.kek, iv, block, provider)
    twice = await _encrypt_unpadded(cipher, key.kek, once[-cipher.iv_length :], once, provider)
    return der.element(
        PWRI,
        der.integer(0),
        # The cipher implies the length of the key. gpgsm refuses parameters that repeat it.
        b"\xa0" + build_pbkdf2(key.kdf, key_length=None)[1:],
        der.sequence(der.oid(_PWRI_KEK), build_content_encryption(ContentEncryption(cipher=cipher, iv=iv))),
        der.octet_string(twice),
    )


async def unwrap_pwri(
    recipient: PasswordRecipient,
    password: bytes,
    provider: CryptoProvider,
    *,
    cek_length: int,
    policy: Policy = Policy.RECEIVE,
) -> bytes:
    """The CEK of `cek_length` bytes.

    Raises WrongPassphrase, UnsupportedAlgorithm, AlgorithmForbidden, LimitExceeded or MalformedMessage.
    """
    kdf, key_length = parse_pbkdf2(recipient.derivation_der)
    wrap = _parse_readable_wrap(recipient, policy)
    cipher = wrap.cipher
    if key_length not in (None, cipher.key_length):
        raise MalformedMessage(f"keyLength {key_length} does not fit {cipher.name}", where="PBKDF2-params")
    kek = await provider.derive_key(kdf, password, cipher.key_length)
    return await _unwrap(recipient.encrypted_key, wrap, kek, provider, cek_length)


async def unwrap_pwri_under(
    recipient: PasswordRecipient,
    key: PasswordKey,
    provider: CryptoProvider,
    *,
    cek_length: int,
    policy: Policy = Policy.RECEIVE,
) -> bytes:
    """The CEK of `cek_length` bytes, with a KEK that was derived before.

    Raises WrongPassphrase, also for a recipient with another key derivation, UnsupportedAlgorithm, AlgorithmForbidden
    or MalformedMessage.
    """
    wrap = _parse_readable_wrap(recipient, policy)
    if not recipient.is_derived_as(key) or len(key.kek) != wrap.cipher.key_length:
        raise WrongPassphrase
    return await _unwrap(recipient.encrypted_key, wrap, key.kek, provider, cek_length)


def _parse_readable_wrap(recipient: PasswordRecipient, policy: Policy) -> ContentEncryption:
    # The length of the wrapped key is checked here, before a key is derived.
    wrap = _parse_wrap(recipient.algorithm_der)
    check_content_cipher(wrap.cipher, policy)
    length, size = len(recipient.encrypted_key), wrap.cipher.iv_length
    if not 2 * size <= length <= MAX_WRAPPED_KEY_BYTES or length % size:
        raise WrongPassphrase
    return wrap


async def _unwrap(
    wrapped: bytes, wrap: ContentEncryption, kek: bytes, provider: CryptoProvider, cek_length: int
) -> bytes:
    cipher, size = wrap.cipher, wrap.cipher.iv_length
    # RFC 3211 section 2.3.2: the last block, decrypted, is both the IV of the outer encryption and the last block of
    # the inner encryption.
    outer_iv = await provider.decrypt_blocks(cipher, kek, wrapped[-2 * size : -size], wrapped[-size:])
    once = await provider.decrypt_blocks(cipher, kek, outer_iv, wrapped[:-size]) + outer_iv
    block = await provider.decrypt_blocks(cipher, kek, wrap.iv, once)
    length, cek = block[0], block[_HEAD_BYTES : _HEAD_BYTES + cek_length]
    check = bytes(octet ^ 0xFF for octet in cek[:_CHECK_BYTES])
    if length != cek_length or len(cek) != cek_length or not hmac.compare_digest(check, block[1:_HEAD_BYTES]):
        raise WrongPassphrase
    return cek


def _parse_wrap(algorithm_der: bytes) -> ContentEncryption:
    role = "key encryption under a password"
    oid, wrap_der = parse_algorithm_identifier(algorithm_der)
    if oid != _PWRI_KEK or wrap_der is None:
        raise UnsupportedAlgorithm(oid, role)
    wrap = parse_content_encryption(wrap_der, role)
    if wrap.cipher.is_authenticated:
        raise UnsupportedAlgorithm(wrap.cipher.oid, role)
    return wrap


async def _encrypt_unpadded(
    cipher: ContentCipher, key: bytes, iv: bytes, blocks: bytes, provider: CryptoProvider
) -> bytes:
    # The provider adds padding, as for content. The last block is only padding and is left out.
    return (await provider.encrypt_content(cipher, key, iv, blocks))[: len(blocks)]
