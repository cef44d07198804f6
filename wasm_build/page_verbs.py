"""The verbs for whole pages: one that is kept as a file, and one that is published with its signature beside it."""

from __future__ import annotations

from typing import Any

from smime_core.pages import open_page, seal_page
from smime_core.provider import CryptoProvider
from smime_core.report_json import report_to_json
from wasm_build.replies import describe_certificates, describe_lookups
from wasm_build.requests import parse_certificates, parse_time
from wasm_build.signers import choose_signer, unseal, unseal_signers
from wasm_build.trust import read_store

Args = dict[str, Any]


async def seal_whole_page(args: Args, provider: CryptoProvider) -> Args:
    """`{cms}`: the page signed, sealed or both, as DER. Raises SmimeError."""
    at = parse_time(args["at"])
    signer = choose_signer(await unseal_signers(args, None, provider), sender=None, at=at) if args["sign"] else None
    cms = await seal_page(
        args["page"],
        address=args["address"],
        media_type=args["mediaType"],
        provider=provider,
        signing_time=at,
        recipients=parse_certificates(args["recipients"]),
        identity=signer,
    )
    return {"cms": cms}


async def open_whole_page(args: Args, provider: CryptoProvider) -> Args:
    """The page with its report. Raises SmimeError."""
    password, published = args.get("password"), args.get("published")
    opened = await open_page(
        args["cms"],
        provider=provider,
        trust_store=await read_store(args, provider),
        at=parse_time(args["at"]),
        identities=await unseal(args, provider),
        passwords=[password] if password else [],
        published=None if published is None else bytes(published),
        standing_at=args.get("standingAt"),
    )
    return {
        "report": report_to_json(opened.report),
        "page": opened.page,
        "address": opened.address,
        "mediaType": opened.media_type,
        "lookups": describe_lookups(signer.trail for signer in opened.report.signers),
        "certificates": describe_certificates(opened.report),
    }
