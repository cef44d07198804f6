"""Recovery codes: 128 random bits on paper, which open an account when its passphrase is forgotten.

    code = 28 characters in groups of four: 16 random bytes, and 12 bits that find a mistake
    Ed25519 key = HKDF(random bytes, "recovery login key")        it logs in with POST /recover
    X25519 key  = HKDF(random bytes, "recovery wrap key")         the records' keys are wrapped for it

The server and the devices have only the public keys, which open no record.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from roaming_keys.protocol.key_account import KEY_BYTES, encode_fields, expand
from roaming_keys.protocol.messages.accounts import KEY_FORM, KeyRecord, WrapKind
from roaming_keys.protocol.records.state import WrapKey
from roaming_keys.protocol.wraps import find_wrap, open_wrap_by_private_key
from smime_core.errors import DecryptionError, SmimeError
from smime_core.keys import public_key_of, raw_private_key, subject_public_key
from smime_core.provider import CryptoProvider, KeyType, PrivateKey

CODE_BYTES: Final = 16
_CHECK_BITS: Final = 12
_CHARACTERS: Final = 28  # of 5 bits each
_GROUP: Final = 4
# Crockford's base 32, which has no letters that look like others. Small letters are accepted too.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS: Final = {"I": "1", "L": "1", "O": "0"}
_MAX_INPUT: Final = 200


class WrongRecoveryCode(SmimeError):
    """The recovery code has a mistake, or belongs to another account or to an earlier time."""

    code = "wrong-recovery-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryKeys:
    """The keys that come from a recovery code."""

    login_key: PrivateKey = field(repr=False)
    secret: bytes = field(repr=False)

    @property
    def wrap_key(self) -> WrapKey:
        """The public keys, for the account's state."""
        private_key = raw_private_key(KeyType.X25519, self.secret)
        return WrapKey(
            kind=WrapKind.RECOVERY,
            key=subject_public_key(public_key_of(private_key)),
            login_key=subject_public_key(public_key_of(self.login_key)),
        )


def write_code(secret: bytes) -> str:
    """Return the printed form of 16 random bytes."""
    number = int.from_bytes(secret, "big") << _CHECK_BITS | _check_bits(secret)
    characters = [_ALPHABET[number >> 5 * position & 31] for position in reversed(range(_CHARACTERS))]
    return "-".join("".join(characters[start : start + _GROUP]) for start in range(0, _CHARACTERS, _GROUP))


def read_code(text: str) -> bytes:
    """Return the 16 bytes of a code that a person typed. Raises WrongRecoveryCode."""
    letters = [_READ_AS.get(character, character) for character in text[:_MAX_INPUT].upper() if character.isalnum()]
    if len(text) > _MAX_INPUT or len(letters) != _CHARACTERS or not set(letters) <= set(_ALPHABET):
        raise WrongRecoveryCode(f"a recovery code has {_CHARACTERS} letters and digits")
    number = 0
    for letter in letters:
        number = number << 5 | _ALPHABET.index(letter)
    secret = (number >> _CHECK_BITS).to_bytes(CODE_BYTES, "big")
    if number & (1 << _CHECK_BITS) - 1 != _check_bits(secret):
        raise WrongRecoveryCode("the recovery code has a typing mistake")
    return secret


async def recovery_keys(secret: bytes, provider: CryptoProvider) -> RecoveryKeys:
    """Return the keys of a code's 16 bytes."""
    login_seed = await expand(secret, "recovery login key", KEY_BYTES, provider)
    return RecoveryKeys(
        login_key=raw_private_key(KeyType.ED25519, login_seed),
        secret=await expand(secret, "recovery wrap key", KEY_BYTES, provider),
    )


async def unwrap_by_recovery_code(record: KeyRecord, user: str, keys: RecoveryKeys, provider: CryptoProvider) -> bytes:
    """Return the key of a record. Raises WrongRecoveryCode or MalformedMessage."""
    wrap = find_wrap(record.wraps, WrapKind.RECOVERY)
    try:
        return await open_wrap_by_private_key(wrap, keys.secret, user, record.bundle_id, provider)
    except DecryptionError:
        raise WrongRecoveryCode("the recovery code does not open this account") from None


def _check_bits(secret: bytes) -> int:
    digest = hashlib.sha256(encode_fields("recovery code", KEY_FORM, secret)).digest()
    return int.from_bytes(digest[:2], "big") >> 16 - _CHECK_BITS
