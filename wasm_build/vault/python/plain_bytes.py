"""The verbs for plain bytes. They sign, verify, encrypt, decrypt and inspect CMS that is not in a mail."""

from __future__ import annotations

import dataclasses
import datetime

from smime_core.cms import Keys, SignatureForm, unarmor
from smime_core.describe import detect_kind, findings_to_json, inspect_file
from smime_core.message import decrypt_entity, encrypt_bytes, sign_bytes, verify_bytes
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.replies import describe_verdict
from wasm_build.vault.python.requests import Reply, Secret, ToEncrypt, WithKeys, parse_scheme, request_class
from wasm_build.vault.python.sealed import choose_signing, unseal
from wasm_build.vault.python.trust import WithJudging, read_judging


@request_class
class SignBytes(WithKeys):
    content: bytes
    at: datetime.datetime
    detached: bool = False
    scheme: str | None = None


@request_class
class VerifyBytes(WithJudging):
    cms: bytes
    content: bytes | None = None


@request_class
class EncryptBytes(ToEncrypt):
    content: bytes


@request_class
class DecryptBytes(WithKeys):
    cms: bytes


@request_class
class InspectBytes:
    content: bytes
    passphrase: Secret = Secret(b"")


async def sign(request: SignBytes, provider: CryptoProvider) -> Reply:
    """Returns `{cms}`, the signed structure. Raises SmimeError."""
    signing = await choose_signing(request.keys, request.at, provider, parse_scheme(request.scheme))
    form = SignatureForm.DETACHED if request.detached else SignatureForm.OPAQUE
    return {"cms": await sign_bytes(request.content, dataclasses.replace(signing, form=form), provider)}


async def verify(request: VerifyBytes, provider: CryptoProvider) -> Reply:
    """Returns the content with its report. Raises SmimeError."""
    judging = await read_judging(request.judging, provider)
    report = await verify_bytes(request.cms, judging, provider, detached_content=request.content)
    return {**describe_verdict(report), "content": report.content}


async def encrypt(request: EncryptBytes, provider: CryptoProvider) -> Reply:
    """Returns `{cms}`, the encrypted structure. Raises SmimeError."""
    return {"cms": await encrypt_bytes(request.content, request.encrypting(), provider)}


async def decrypt(request: DecryptBytes, provider: CryptoProvider) -> Reply:
    """Returns `{content}`: all encrypted layers decrypted, also those inside a signature. Raises SmimeError."""
    identities = await unseal(request.keys, provider)
    return {"content": await decrypt_entity(bytes(unarmor(request.cms)), Keys(identities=identities), provider)}


async def inspect(request: InspectBytes, provider: CryptoProvider) -> Reply:
    """Returns `{kind, description}` of any file. Raises WrongPassphrase for an encrypted file without a passphrase."""
    findings = await inspect_file(request.content, provider, passphrase=lambda: request.passphrase)
    return {"kind": detect_kind(request.content), "description": findings_to_json(findings)}
