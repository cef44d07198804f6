"""Bundles whose key is wrapped by a passkey: the output of the passkey's `prf` extension replaces the passphrase.

    output   = 32 bytes, by the authenticator for one credential and salt      WebAuthn Level 3, section 10.1.4
    wrap_key = HKDF(output, "passkey wrap key")                                RFC 5869
    wrap     = AES-256-GCM(wrap_key, K), AAD: user, bundle id, version, kind of wrap

    bundle   = PKCS#12 (RFC 7292) under base64url(HKDF(K, "bundle password")), K of 32 random bytes

The pages store bundle and wrap on the person's own computer, together with the credential id and the salt, which are
not secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from roaming_keys.protocol.key_account import KEY_BYTES, expand, normalise_user
from roaming_keys.protocol.messages.accounts import PasskeyBundle, WrapKind
from roaming_keys.protocol.records.record import BUNDLE_ITERATIONS
from roaming_keys.protocol.wraps import bundle_password, make_wrap, open_wrap
from smime_core.algorithms import AES_256_GCM
from smime_core.errors import DecryptionError, MalformedMessage, SmimeError
from smime_core.identity import Identity, Pkcs12Form, export_identities, load_identities
from smime_core.provider import CryptoProvider

PRF_OUTPUT_BYTES: Final = 32  # WebAuthn Level 3, section 10.1.4: HMAC-SHA-256


class PasskeyRefused(SmimeError):
    """It is another passkey than that of the bundle, or the bundle was altered or is of another account."""

    code = "passkey-refused"


async def seal_for_passkey(
    identities: Sequence[Identity], provider: CryptoProvider, *, user: str, prf_output: bytes
) -> PasskeyBundle:
    """Return `identities` as a new bundle, whose key is wrapped by the passkey.

    Raises MalformedMessage without identities, or for an invalid user or output.
    """
    if not identities:
        raise MalformedMessage("there are no keys to keep", where="identities")
    wrap_key = await _wrap_key(prf_output, provider)
    key, bundle_id = provider.random_bytes(KEY_BYTES), provider.random_bytes(16).hex()
    return PasskeyBundle(
        bundle_id=bundle_id,
        bundle=await export_identities(
            identities, await bundle_password(key, provider), provider, BUNDLE_ITERATIONS, form=Pkcs12Form.MODERN
        ),
        wrap=await make_wrap(WrapKind.PASSKEY, key, wrap_key, normalise_user(user), bundle_id, provider),
    )


async def open_with_passkey(
    sealed: PasskeyBundle, provider: CryptoProvider, *, user: str, prf_output: bytes
) -> tuple[Identity, ...]:
    """Return the identities in the bundle. Raises PasskeyRefused or MalformedMessage."""
    wrap_key = await _wrap_key(prf_output, provider)
    if sealed.wrap.kind != WrapKind.PASSKEY:
        raise MalformedMessage("expected a wrap by a passkey", where="bundle")
    try:
        key = await open_wrap(sealed.wrap, wrap_key, normalise_user(user), sealed.bundle_id, provider)
    except DecryptionError:
        # The tag does not reveal what was wrong, so the DecryptionError adds nothing as a cause.
        raise PasskeyRefused("the passkey does not open these keys: unlock them with the passphrase") from None
    return tuple(await load_identities(sealed.bundle, await bundle_password(key, provider), provider))


async def _wrap_key(prf_output: bytes, provider: CryptoProvider) -> bytes:
    if len(prf_output) != PRF_OUTPUT_BYTES:
        raise MalformedMessage(f"{len(prf_output)} bytes, expected {PRF_OUTPUT_BYTES}", where="passkey")
    return await expand(prf_output, "passkey wrap key", AES_256_GCM.key_length, provider)
