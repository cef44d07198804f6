"""The key of a parcel: a key-encryption key (KEK) that is derived from the secret once for all objects of the parcel.

    KEK   = PBKDF2-HMAC-SHA-256(secret, the parcel's salt, 600,000 iterations, 32 bytes)     (RFC 8018)
    proof = HKDF-SHA-256(KEK, empty salt, "sealwax parcel proof 1", 32 bytes)                (RFC 5869)

The proof is sent to the server, which sends the objects only to clients with the right proof. The proof reveals nothing
about the KEK, and without the salt nothing about the secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from smime_core.algorithms import HashName, Hkdf
from smime_core.cms.recipients.pwri import (
    PASSWORD_ITERATIONS,
    PasswordKey,
    derive_password_key,
    password_derivation,
)
from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider

ITERATIONS: Final = PASSWORD_ITERATIONS
SALT_BYTES: Final = 16
KEK_BYTES: Final = 32
PROOF_BYTES: Final = 32

_PROOF_LABEL: Final = b"sealwax parcel proof 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelKey:
    """The salt of a parcel, and the KEK that was derived with it. The repr leaves out the KEK.

    Raises MalformedMessage for lengths other than the format's.
    """

    salt: bytes
    kek: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _check_salt(self.salt)
        if len(self.kek) != KEK_BYTES:
            raise MalformedMessage(f"a key of {len(self.kek)} bytes, expected {KEK_BYTES}", where="parcel")

    @property
    def password_key(self) -> PasswordKey:
        """The KEK in the form that CMS recipients use."""
        return PasswordKey(kdf=password_derivation(self.salt), kek=self.kek)


def make_salt(provider: CryptoProvider) -> bytes:
    """The salt of a new parcel."""
    return provider.random_bytes(SALT_BYTES)


async def derive_parcel_key(secret: str, salt: bytes, provider: CryptoProvider) -> ParcelKey:
    """The key of a parcel. `secret` is a result of `make_secret` or `parse_words`.

    The derivation takes a few tenths of a second. Raises MalformedMessage for an empty secret, or for a salt that does
    not have 16 bytes.
    """
    _check_salt(salt)
    key = await derive_password_key(secret.encode(), salt, provider)
    return ParcelKey(salt=salt, kek=key.kek)


async def proof_of(key: ParcelKey, provider: CryptoProvider) -> bytes:
    """The 32 bytes that prove to the server that somebody holds the secret."""
    return await provider.derive_key(Hkdf(hash_name=HashName.SHA256, salt=b"", info=_PROOF_LABEL), key.kek, PROOF_BYTES)


def _check_salt(salt: bytes) -> None:
    if len(salt) != SALT_BYTES:
        raise MalformedMessage(f"a salt of {len(salt)} bytes, expected {SALT_BYTES}", where="parcel")
