"""The verbs for whole web pages.

A page is either kept as a protected file, or published with a signature in a separate file.
"""

from __future__ import annotations

from smime_core.cms import Encrypting, Keys
from smime_core.own_content import examine_page, protect_page
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.replies import Reply, describe_verdict
from wasm_build.vault.python.requests import Protecting, Secret, parse_certificates, request_class
from wasm_build.vault.python.signers import choose_signing, unseal
from wasm_build.vault.python.trust import WithKeysAndJudging, read_judging


@request_class
class EncryptPage(Protecting):
    page: bytes
    address: str
    media_type: str


@request_class
class VerifyPage(WithKeysAndJudging):
    cms: bytes
    published: bytes | None = None
    standing_at: str | None = None
    password: Secret | None = None


async def encrypt_whole_page(request: EncryptPage, provider: CryptoProvider) -> Reply:
    """Returns `{cms}`: the page signed, encrypted or both, as DER. Raises SmimeError."""
    cms = await protect_page(
        request.page,
        provider,
        address=request.address,
        media_type=request.media_type,
        signing=await choose_signing(request.keys, request.at, provider) if request.sign else None,
        encrypting=Encrypting(recipients=parse_certificates(request.recipients)),
    )
    return {"cms": cms}


async def verify_whole_page(request: VerifyPage, provider: CryptoProvider) -> Reply:
    """Returns the page with its report. Raises SmimeError."""
    opened = await examine_page(
        request.cms,
        await read_judging(request.judging, provider),
        provider,
        Keys(
            identities=await unseal(request.keys, provider),
            passwords=[request.password] if request.password else [],
        ),
        published=request.published,
        found_at=request.standing_at,
    )
    return {
        **describe_verdict(opened.report),
        "page": opened.page,
        "address": opened.address,
        "mediaType": opened.media_type,
    }
