"""The verbs about unlocking by a passkey: the page brings what the device gave, the rest is made and opened here."""

from __future__ import annotations

from typing import Any

from roaming_keys.passkey_wrap import open_with_passkey, seal_for_passkey
from roaming_keys.wire import SealedBundle
from smime_core.certificate import parse_certificate
from smime_core.identity import Identity
from smime_core.provider import CryptoProvider
from wasm_build.sealed import unseal_identities


async def seal_passkey_bundle(args: dict[str, Any], provider: CryptoProvider) -> dict[str, bytes]:
    """`{bundle}`: the unlocked identities under the passkey, as the JSON of a `SealedBundle`. Raises SmimeError."""
    unsealed = await unseal_identities(args["identities"], args.get("sealKey"), provider=provider)
    identities = [
        Identity(
            certificate=one.certificate,
            private_key=one.private_key,
            chain=tuple(parse_certificate(link.der) for link in one.chain),
        )
        for one in unsealed
    ]
    sealed = await seal_for_passkey(identities, user=args["account"], prf_output=args["output"], provider=provider)
    return {"bundle": sealed.to_json()}


async def open_passkey_bundle(args: dict[str, Any], provider: CryptoProvider) -> tuple[Identity, ...]:
    """The identities of a kept bundle. Raises PasskeyRefused or MalformedMessage."""
    sealed = SealedBundle.from_json(args["bundle"])
    return await open_with_passkey(sealed, user=args["account"], prf_output=args["output"], provider=provider)
