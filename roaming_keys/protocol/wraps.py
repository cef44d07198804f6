"""Wraps: the key of a record or bundle, encrypted under a secret key or for a public key.

    wrap by a secret      = AES-256-GCM(wrap key, K)
    wrap for a public key = AES-256-GCM(HKDF(X25519(ephemeral key, public key)), K), nonce of zeros      RFC 7748

The additional data bind a wrap to one account, key and kind. The owner of a public key need not be present when a wrap
for the key is made.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from roaming_keys.protocol.key_account import KEY_BYTES, encode_fields, expand
from roaming_keys.protocol.messages.accounts import KEY_FORM, Wrap
from smime_core.algorithms import AES_256_GCM
from smime_core.errors import MalformedMessage
from smime_core.keys import public_key_of, raw_private_key, raw_public_key, subject_public_key
from smime_core.provider import CryptoProvider, KeyType

# The key of a wrap for a public key is used only once, so the nonce may be zeros.
_NO_NONCE: Final = bytes(AES_256_GCM.iv_length)


async def make_wrap(
    kind: str, key: bytes, wrap_key: bytes, user: str, bundle_id: str, provider: CryptoProvider
) -> Wrap:
    """Return `key`, encrypted under `wrap_key`. `user` is normalised."""
    nonce = provider.random_bytes(AES_256_GCM.iv_length)
    aad = _aad(user, bundle_id, kind)
    return Wrap(kind=kind, nonce=nonce, wrapped=await provider.encrypt_content(AES_256_GCM, wrap_key, nonce, key, aad))


async def open_wrap(wrap: Wrap, wrap_key: bytes, user: str, bundle_id: str, provider: CryptoProvider) -> bytes:
    """Return the key in a wrap. Raises DecryptionError or MalformedMessage."""
    if len(wrap.nonce) != AES_256_GCM.iv_length:
        raise MalformedMessage(f"{len(wrap.nonce)} bytes", where="wrap: nonce")
    aad = _aad(user, bundle_id, wrap.kind)
    return _check_key(await provider.decrypt_content(AES_256_GCM, wrap_key, wrap.nonce, wrap.wrapped, aad))


async def wrap_for_public_key(
    kind: str, key: bytes, public_key: bytes, user: str, bundle_id: str, provider: CryptoProvider
) -> Wrap:
    """Return `key`, encrypted for an X25519 public key of 32 bytes."""
    ephemeral, shared = await provider.agree_ephemeral(raw_public_key(KeyType.X25519, public_key))
    wrap_key = await _agreed_key(shared, ephemeral, public_key, provider)
    aad = _aad(user, bundle_id, kind)
    wrapped = await provider.encrypt_content(AES_256_GCM, wrap_key, _NO_NONCE, key, aad)
    return Wrap(kind=kind, nonce=ephemeral, wrapped=wrapped)


async def open_wrap_by_private_key(
    wrap: Wrap, secret: bytes, user: str, bundle_id: str, provider: CryptoProvider
) -> bytes:
    """Return the key in a wrap for the public key of `secret` (32 bytes). Raises DecryptionError."""
    private_key = raw_private_key(KeyType.X25519, secret)
    wrap_key = await _agreed_key(
        await provider.agree(private_key, wrap.nonce),
        wrap.nonce,
        subject_public_key(public_key_of(private_key)),
        provider,
    )
    aad = _aad(user, bundle_id, wrap.kind)
    return _check_key(await provider.decrypt_content(AES_256_GCM, wrap_key, _NO_NONCE, wrap.wrapped, aad))


def find_wrap(wraps: Sequence[Wrap], kind: str) -> Wrap:
    """Return the only wrap of a kind. Wraps of other kinds are ignored. Raises MalformedMessage."""
    matches = [wrap for wrap in wraps if wrap.kind == kind]
    if len(matches) != 1:
        raise MalformedMessage(f"{len(matches)} wraps of kind {kind}, expected 1", where="record")
    return matches[0]


async def bundle_password(key: bytes, provider: CryptoProvider, *, version: int | None = None) -> bytes:
    """Return the password of a PKCS#12 file, for its `version` in an account.

    It is a derived key as base64url, because passwords are text, and ASCII is the same in UTF-8 and BMPString.
    """
    context = () if version is None else (version,)
    return base64.urlsafe_b64encode(await expand(key, "bundle password", KEY_BYTES, provider, *context))


async def _agreed_key(shared: bytes, ephemeral: bytes, public_key: bytes, provider: CryptoProvider) -> bytes:
    return await expand(shared, "agreed wrap key", AES_256_GCM.key_length, provider, ephemeral, public_key)


def _aad(user: str, bundle_id: str, kind: str) -> bytes:
    # The 1 is the version that earlier bundles of passkeys have at this position. Without it, they would not open.
    return encode_fields("wrap", KEY_FORM, user, bundle_id, 1, kind)


def _check_key(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise MalformedMessage(f"{len(key)} bytes", where="wrap: key")
    return key
