"""The verbs for text fields of web pages."""

from __future__ import annotations

from smime_core.cms import Encrypting, Keys
from smime_core.own_content import examine_field, protect_field
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.replies import Reply, describe_verdict
from wasm_build.vault.python.requests import Protecting, decode_text, parse_certificates, request_class
from wasm_build.vault.python.signers import choose_signing, unseal
from wasm_build.vault.python.trust import WithKeysAndJudging, read_judging


@request_class
class EncryptField(Protecting):
    text: bytes
    origin: str


@request_class
class VerifyField(WithKeysAndJudging):
    cms: bytes
    origin: str


async def encrypt_field(request: EncryptField, provider: CryptoProvider) -> Reply:
    """Returns `{cms}`: the text signed, encrypted or both, armored. Raises SmimeError."""
    signing = await choose_signing(request.keys, request.at, provider) if request.sign else None
    armored = await protect_field(
        decode_text(request.text),
        provider,
        origin=request.origin,
        signing=signing,
        encrypting=Encrypting(recipients=parse_certificates(request.recipients)),
    )
    return {"cms": armored.encode()}


async def verify_field(request: VerifyField, provider: CryptoProvider) -> Reply:
    """Returns the text with its report. Raises SmimeError."""
    report = await examine_field(
        request.cms,
        await read_judging(request.judging, provider),
        provider,
        origin=request.origin,
        keys=Keys(identities=await unseal(request.keys, provider)),
    )
    return {**describe_verdict(report), "text": report.content}
