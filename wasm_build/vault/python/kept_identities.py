"""The verbs that keep identities while the pages are closed: unlocking with a passkey, and the keys during a reload.

The page passes the PRF output of a passkey to the vault, which encrypts and decrypts the identities with it. During a
reload the pages keep identities encrypted under a key that is made from two halves.

    reload key = HKDF-SHA-256(browser's half ‖ bridge's half, "reload key", context), RFC 5869
    kept       = each identity as in `sealed`, under the reload key

Each half has 32 random bytes. The page gets the bridge's half from the bridge; the browser keeps the other half beside
the ciphertext. The context has the account and the time of the unlocking, so that neither can be changed on the disk.
"""

from __future__ import annotations

from typing import Final

from roaming_keys.protocol.key_account import expand
from roaming_keys.protocol.messages.accounts import PasskeyBundle
from roaming_keys.protocol.passkey_wrap import open_with_passkey, seal_for_passkey
from smime_core.algorithms import AES_256_GCM
from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.identities import seal_all
from wasm_build.vault.python.requests import Reply, Secret, WithKeys, request_class
from wasm_build.vault.python.sealed import identity_of, seal_identity, unseal, unseal_identities

_HALVES_BYTES: Final = 64


@request_class
class SealPasskey(WithKeys):
    account: str
    output: Secret


@request_class
class OpenPasskey:
    account: str
    output: Secret
    bundle: bytes
    seal_key: Secret


async def seal_passkey_bundle(request: SealPasskey, provider: CryptoProvider) -> Reply:
    """Returns `{bundle}`: the identities encrypted under the passkey, a `PasskeyBundle` in JSON. Raises SmimeError."""
    identities = [identity_of(identity) for identity in await unseal(request.keys, provider)]
    sealed = await seal_for_passkey(identities, provider, user=request.account, prf_output=request.output)
    return {"bundle": sealed.to_json()}


async def open_passkey_bundle(request: OpenPasskey, provider: CryptoProvider) -> Reply:
    """Returns `{identities}` of a kept bundle, sealed for the session. Raises PasskeyRefused or MalformedMessage."""
    bundle = PasskeyBundle.from_json(request.bundle)
    identities = await open_with_passkey(bundle, provider, user=request.account, prf_output=request.output)
    return await seal_all(identities, request.seal_key, provider)


@request_class
class SealForReload(WithKeys):
    context: str
    halves: Secret


@request_class
class OpenAfterReload:
    context: str
    halves: Secret
    kept: tuple[bytes, ...]
    seal_key: Secret


async def seal_for_reload(request: SealForReload, provider: CryptoProvider) -> Reply:
    """Returns `{kept}`: the identities encrypted under both halves. Raises SmimeError."""
    key = await _derive_key(request.halves, request.context, provider)
    identities = [identity_of(unsealed) for unsealed in await unseal(request.keys, provider)]
    if not identities:
        raise MalformedMessage("there are no keys to keep", where="identities")
    return {"kept": [await seal_identity(identity, key, provider) for identity in identities]}


async def open_after_reload(request: OpenAfterReload, provider: CryptoProvider) -> Reply:
    """Returns `{identities}`, sealed for the session. Raises DecryptionError for another half or context."""
    key = await _derive_key(request.halves, request.context, provider)
    unsealed = await unseal_identities(request.kept, key, provider)
    return await seal_all([identity_of(identity) for identity in unsealed], request.seal_key, provider)


async def _derive_key(halves: bytes, context: str, provider: CryptoProvider) -> bytes:
    if len(halves) != _HALVES_BYTES:
        raise MalformedMessage(f"{len(halves)} bytes, expected {_HALVES_BYTES}", where="halves")
    return await expand(halves, "reload key", AES_256_GCM.key_length, provider, context)
