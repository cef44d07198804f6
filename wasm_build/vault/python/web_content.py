"""The verbs for content of web pages: text fields, forms and their files, and whole pages.

A form is signed as a whole, or its file is signed or encrypted before the upload. A page is either kept as a protected
file, or published with a signature in a separate file.
"""

from __future__ import annotations

import datetime

from smime_core.cms import Encrypting, Keys
from smime_core.errors import MalformedMessage
from smime_core.mail import ProtectionMode, build_attachment, protect_headers
from smime_core.message import encrypt_bytes, sign_entity
from smime_core.mime import Attachment, format_date
from smime_core.own_content import (
    Form,
    FormEntry,
    examine_field,
    examine_page,
    protect_field,
    protect_page,
    sign_form,
)
from smime_core.provider import CryptoProvider
from smime_core.x509 import Certificate
from wasm_build.vault.python.replies import describe_verdict
from wasm_build.vault.python.requests import (
    GivenFile,
    Protecting,
    Reply,
    Secret,
    WithKeys,
    decode_text,
    parse_certificates,
    request_class,
)
from wasm_build.vault.python.sealed import choose_signing, unseal
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


@request_class
class GivenForm:
    """A form as the person submits it."""

    top_origin: str
    origin: str
    action: str
    method: str
    enctype: str
    nonce: str
    entries: tuple[FormEntry, ...]
    submitter: tuple[str, ...]


@request_class
class SignForm(WithKeys):
    form: GivenForm
    at: datetime.datetime


@request_class
class EncryptFile(Protecting):
    file: GivenFile


async def sign_submission(request: SignForm, provider: CryptoProvider) -> Reply:
    """Returns `{signature}`: armored text for the field `smime_signature`. Raises SmimeError."""
    (signer,) = (await choose_signing(request.keys, request.at, provider)).identities
    signature = await sign_form(_parse_form(request.form), provider, identity=signer, signing_time=request.at)
    return {"signature": signature}


async def encrypt_file(request: EncryptFile, provider: CryptoProvider) -> Reply:
    """Returns `{cms}`: a file with its name and type. Raises SmimeError.

    An encrypted file becomes DER; a file that is only signed becomes a mail message.
    """
    recipients = parse_certificates(request.recipients)
    if not request.sign and not recipients:
        raise MalformedMessage("a file is signed, encrypted or both", where="request")
    file = request.file
    entity = build_attachment(Attachment(filename=file.name, content_type=file.type, data=file.data))
    if request.sign:
        signing = await choose_signing(request.keys, request.at, provider)
        certificate = signing.identities[0].certificate
        outer_headers, entity = _name_author(entity, certificate, request.at, is_encrypted=bool(recipients))
        entity = await sign_entity(entity, signing, provider)
        if not recipients:
            return {"cms": outer_headers + b"MIME-Version: 1.0\r\n" + entity}
    return {"cms": await encrypt_bytes(entity, Encrypting(recipients=recipients), provider)}


def _name_author(
    entity: bytes, certificate: Certificate, at: datetime.datetime, *, is_encrypted: bool
) -> tuple[bytes, bytes]:
    # A verdict names the author of a signed message, and takes the name from the From field in the signed content.
    if not certificate.email_addresses:
        return b"", entity
    fields = f"From: {certificate.email_addresses[0]}\r\nDate: {format_date(at)}\r\n".encode()
    mode = ProtectionMode.CIPHER if is_encrypted else ProtectionMode.CLEAR
    return protect_headers(fields, entity, mode)


def _parse_form(form: GivenForm) -> Form:
    if any((entry.size is None) is bool(entry.sha256) for entry in form.entries):
        raise MalformedMessage("a file has a size and a SHA-256, a text neither", where="request")
    return Form(
        top_origin=form.top_origin,
        origin=form.origin,
        action=form.action,
        method=form.method,
        enctype=form.enctype,
        nonce=form.nonce,
        entries=form.entries,
        submitter=_parse_submitter(form.submitter),
    )


def _parse_submitter(submitter: tuple[str, ...]) -> tuple[str, str] | None:
    match submitter:
        case ():
            return None
        case (name, value):
            return name, value
    raise MalformedMessage("a submitter is a name and a value", where="request")
