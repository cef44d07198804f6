"""Bundles whose key is wrapped by a passkey: the output of the passkey's `prf` extension replaces the passphrase.

    output   = 32 bytes, by the authenticator for one credential and salt      WebAuthn Level 3, section 10.1.4
    wrap_key = HKDF(output, "passkey wrap key")                                RFC 5869
    wrap     = AES-256-GCM(wrap_key, K), AAD: user, bundle id, version, kind of wrap

Bundle, its key K and wrap have the form of `protocol.py`, so that a key server could store them. The pages store bundle
and wrap on the person's own computer, together with the credential and the salt, which are no secrets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from roaming_keys.protocol import build_bundle, expand, normalise_user, open_pkcs12, unwrap_bundle_key
from roaming_keys.wire import SealedBundle, WrapKind
from smime_core.algorithms import AES_256_GCM
from smime_core.errors import DecryptionError, MalformedMessage, SmimeError
from smime_core.identity import Identity
from smime_core.provider import CryptoProvider

PRF_OUTPUT_BYTES: Final = 32  # WebAuthn Level 3, section 10.1.4: HMAC-SHA-256


class PasskeyRefused(SmimeError):
    """The passkey does not decrypt the bundle: another passkey, an altered bundle, or a bundle of another account."""

    code = "passkey-refused"

    def __init__(self) -> None:
        super().__init__("the passkey does not open these keys: unlock them with the passphrase")


async def seal_for_passkey(
    identities: Sequence[Identity], provider: CryptoProvider, *, user: str, prf_output: bytes
) -> SealedBundle:
    """Return `identities` as version 1 of a new bundle, whose key is wrapped by the passkey.

    Raises MalformedMessage without identities, or for an invalid user or output.
    """
    if not identities:
        raise MalformedMessage("there are no keys to keep", where="identities")
    wrap_key = await _wrap_key(prf_output, provider)
    return await build_bundle(identities, wrap_key, normalise_user(user), WrapKind.PASSKEY, provider)


async def open_with_passkey(
    sealed: SealedBundle, provider: CryptoProvider, *, user: str, prf_output: bytes
) -> tuple[Identity, ...]:
    """Return the identities in the bundle. Raises PasskeyRefused or MalformedMessage."""
    wrap_key = await _wrap_key(prf_output, provider)
    try:
        bundle_key = await unwrap_bundle_key(sealed, wrap_key, normalise_user(user), WrapKind.PASSKEY, provider)
    except DecryptionError:
        # The tag does not reveal what was wrong, so the DecryptionError adds nothing as a cause.
        raise PasskeyRefused from None
    return await open_pkcs12(sealed.bundle, bundle_key, provider)


async def _wrap_key(prf_output: bytes, provider: CryptoProvider) -> bytes:
    if len(prf_output) != PRF_OUTPUT_BYTES:
        raise MalformedMessage(f"{len(prf_output)} bytes, expected {PRF_OUTPUT_BYTES}", where="passkey")
    return await expand(prf_output, "passkey wrap key", AES_256_GCM.key_length, provider)
