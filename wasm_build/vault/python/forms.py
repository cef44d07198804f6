"""The verbs for web forms. One signs a whole submission, the other signs or encrypts a file before its upload."""

from __future__ import annotations

import datetime

from smime_core.cms import Encrypting
from smime_core.errors import MalformedMessage
from smime_core.mail import ProtectionMode, build_attachment, protect_headers
from smime_core.message import encrypt_bytes, sign_entity
from smime_core.mime import Attachment, format_date
from smime_core.own_content import Form, FormEntry, sign_form
from smime_core.provider import CryptoProvider
from smime_core.x509 import Certificate
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import GivenFile, Protecting, WithKeys, parse_certificates, request_class
from wasm_build.vault.python.signers import choose_signing


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
