"""The verbs about unlocking with a passkey.

The page passes the PRF output of the passkey to the vault, which encrypts and decrypts the identities with it.
"""

from __future__ import annotations

from roaming_keys.protocol.messages.accounts import PasskeyBundle
from roaming_keys.protocol.passkey_wrap import open_with_passkey, seal_for_passkey
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.identities import seal_all
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import Secret, WithKeys, request_class
from wasm_build.vault.python.signers import identity_of, unseal


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
