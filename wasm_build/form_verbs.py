"""The verbs for web forms: the signature over a whole submission, and a file sealed before it is uploaded."""

from __future__ import annotations

import datetime
from typing import Any

from smime_core.certificate import Certificate
from smime_core.compose import build_attachment
from smime_core.errors import MalformedMessage
from smime_core.forms import Form, FormEntry, sign_form
from smime_core.header_protection import ProtectionMode, protect_headers
from smime_core.message import seal_bytes, sign_entity
from smime_core.mime.attachment import Attachment
from smime_core.mime.dates import format_date
from smime_core.provider import CryptoProvider
from wasm_build.requests import parse_certificates, parse_time
from wasm_build.signers import choose_signer, unseal_signers

Args = dict[str, Any]


async def sign_submission(args: Args, provider: CryptoProvider) -> dict[str, str]:
    """`{signature}`: armored text for the field `smime_signature`. Raises SmimeError."""
    at = parse_time(args["at"])
    signer = choose_signer(await unseal_signers(args, None, provider), sender=None, at=at)
    signature = await sign_form(_parse_form(args["form"]), identity=signer, provider=provider, signing_time=at)
    return {"signature": signature}


async def seal_file(args: Args, provider: CryptoProvider) -> dict[str, bytes]:
    """`{cms}`: a file with its name and type, sealed as DER, or only signed as a mail. Raises SmimeError."""
    at, file = parse_time(args["at"]), args["file"]
    recipients = parse_certificates(args["recipients"])
    if not args["sign"] and not recipients:
        raise MalformedMessage("a file is signed, sealed or both", where="request")
    entity = build_attachment(Attachment(filename=file["name"], content_type=file["type"], data=file["data"]))
    if args["sign"]:
        signer = choose_signer(await unseal_signers(args, None, provider), sender=None, at=at)
        outer_headers, entity = _name_author(entity, signer.certificate, at, is_sealed=bool(recipients))
        entity = await sign_entity(entity, identity=signer, provider=provider, signing_time=at)
        if not recipients:
            return {"cms": outer_headers + b"MIME-Version: 1.0\r\n" + entity}
    return {"cms": await seal_bytes(entity, recipients=recipients, provider=provider)}


def _name_author(
    entity: bytes, certificate: Certificate, at: datetime.datetime, *, is_sealed: bool
) -> tuple[bytes, bytes]:
    # A verdict is about somebody: without a From inside what is signed, readers could only say that nobody is named.
    if not certificate.email_addresses:
        return b"", entity
    fields = f"From: {certificate.email_addresses[0]}\r\nDate: {format_date(at)}\r\n".encode()
    mode = ProtectionMode.CIPHER if is_sealed else ProtectionMode.CLEAR
    return protect_headers(fields, entity, mode=mode)


def _parse_form(form: Args) -> Form:
    return Form(
        top_origin=form["topOrigin"],
        origin=form["origin"],
        action=form["action"],
        method=form["method"],
        enctype=form["enctype"],
        nonce=form["nonce"],
        entries=tuple(map(_parse_entry, form["entries"])),
        submitter=_parse_submitter(form["submitter"]),
    )


def _parse_entry(entry: Args) -> FormEntry:
    size = entry.get("size")
    if (size is None) is bool(entry.get("sha256")):
        raise MalformedMessage("a file has a size and a SHA-256, a text neither", where="request")
    return FormEntry(
        name=entry["name"],
        value=entry["value"],
        label=entry.get("label") or "",
        hidden=bool(entry.get("hidden")),
        size=None if size is None else int(size),
        sha256=entry.get("sha256") or "",
    )


def _parse_submitter(submitter: list[str]) -> tuple[str, str] | None:
    match submitter:
        case []:
            return None
        case [name, value]:
            return name, value
    raise MalformedMessage("a submitter is a name and a value", where="request")
