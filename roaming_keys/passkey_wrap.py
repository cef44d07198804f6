"""Bundles whose key is wrapped by a passkey: what its `prf` extension gives opens them, and no passphrase.

    output   = 32 bytes, by the authenticator for one credential and salt      WebAuthn Level 3, section 10.1.4
    wrap_key = HKDF(output, "passkey wrap key")                                RFC 5869
    wrap     = AES-256-GCM(wrap_key, K), AAD: user, bundle id, version, kind of wrap

Bundle, K and wrap have the form of `protocol.py`, so that a key server could keep them; the pages keep them on the
person's own computer. Credential and salt stand beside the bundle and are no secrets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from roaming_keys.protocol import (
    BUNDLE_ITERATIONS,
    KEY_BYTES,
    bundle_password,
    expand,
    find_wrap,
    normalise_user,
    wrap_aad,
)
from roaming_keys.wire import SealedBundle, Wrap, WrapKind
from smime_core.algorithms import AES_256_GCM
from smime_core.errors import DecryptionError, MalformedMessage, SmimeError
from smime_core.identity import Identity, export_identities, load_identities
from smime_core.pkcs12 import Pkcs12Form
from smime_core.provider import CryptoProvider

PRF_OUTPUT_BYTES: Final = 32  # WebAuthn Level 3, section 10.1.4: HMAC-SHA-256


class PasskeyRefused(SmimeError):
    """The passkey does not open this bundle: it is another one, or the bundle was altered or is another account's."""

    code = "passkey-refused"

    def __init__(self) -> None:
        super().__init__("the passkey does not open these keys")


async def seal_for_passkey(
    identities: Sequence[Identity], *, user: str, prf_output: bytes, provider: CryptoProvider
) -> SealedBundle:
    """`identities` as version 1 of a new bundle, its key under the passkey.

    Raises MalformedMessage without identities, or for a user or an output that cannot be one.
    """
    if not identities:
        raise MalformedMessage("there are no keys to keep", where="identities")
    user = normalise_user(user)
    wrap_key = await _wrap_key(prf_output, provider=provider)
    bundle_key = provider.random_bytes(KEY_BYTES)
    bundle_id, version = provider.random_bytes(16).hex(), 1
    password = await bundle_password(bundle_key, provider=provider)
    bundle = await export_identities(
        identities, password, provider=provider, iterations=BUNDLE_ITERATIONS, form=Pkcs12Form.MODERN
    )
    nonce = provider.random_bytes(AES_256_GCM.iv_length)
    aad = wrap_aad(user, bundle_id, version, WrapKind.PASSKEY)
    wrapped = await provider.encrypt_content(AES_256_GCM, wrap_key, nonce, bundle_key, aad=aad)
    wrap = Wrap(kind=WrapKind.PASSKEY, nonce=nonce, wrapped=wrapped)
    return SealedBundle(bundle_id=bundle_id, version=version, bundle=bundle, wraps=(wrap,))


async def open_with_passkey(
    sealed: SealedBundle, *, user: str, prf_output: bytes, provider: CryptoProvider
) -> tuple[Identity, ...]:
    """The identities in the bundle. Raises PasskeyRefused or MalformedMessage."""
    user = normalise_user(user)
    wrap = find_wrap(sealed, WrapKind.PASSKEY)
    wrap_key = await _wrap_key(prf_output, provider=provider)
    aad = wrap_aad(user, sealed.bundle_id, sealed.version, WrapKind.PASSKEY)
    try:
        bundle_key = await provider.decrypt_content(AES_256_GCM, wrap_key, wrap.nonce, wrap.wrapped, aad=aad)
    except DecryptionError:
        # The tag says no more than that; the cause stays out (HOUSE, rule 10).
        raise PasskeyRefused from None
    password = await bundle_password(bundle_key, provider=provider)
    return tuple(await load_identities(sealed.bundle, password, provider=provider))


async def _wrap_key(prf_output: bytes, *, provider: CryptoProvider) -> bytes:
    if len(prf_output) != PRF_OUTPUT_BYTES:
        raise MalformedMessage(f"{len(prf_output)} bytes, expected {PRF_OUTPUT_BYTES}", where="passkey")
    return await expand(prf_output, "passkey wrap key", AES_256_GCM.key_length, provider=provider)
