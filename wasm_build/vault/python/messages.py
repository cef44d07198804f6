"""The verbs that compose mail, decrypt it, and read it with its verdict."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from smime_core.cms import Encrypting, Keys, SignerOptions, Signing, find_nested_layers
from smime_core.errors import ContentTypeMismatch, SmimeError
from smime_core.mail import (
    Draft,
    HiddenField,
    Passage,
    ProtectionMode,
    build_parts,
    keep_hidden,
    protect_headers,
    read_encrypted_payload,
    read_entity,
)
from smime_core.message import decrypt_message, encrypt_entity, examine_message, read_headers, sign_entity
from smime_core.mime import Attachment, addresses, parse_entity
from smime_core.own_content import examine_field_outside_page
from smime_core.pkix import Purpose
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.report import LayerKind, MessageReport
from smime_core.x509 import Certificate
from wasm_build.vault.python.contacts import read_contacts
from wasm_build.vault.python.receipts import (
    GivenSent,
    ask_for_receipt,
    describe_asked,
    describe_request,
    find_receipt,
    verify_receipt_mail,
)
from wasm_build.vault.python.recipient_certificates import describe_harvest
from wasm_build.vault.python.replies import Reply, describe_reply, describe_verdict
from wasm_build.vault.python.requests import (
    GivenFile,
    SealedKeys,
    Secret,
    decode_text,
    group_of,
    parse_certificates,
    parse_cipher,
    request_class,
)
from wasm_build.vault.python.sealed import UnsealedIdentity
from wasm_build.vault.python.signers import choose_signer, may, owns, unseal
from wasm_build.vault.python.trust import GivenJudging, read_judging


@request_class
class GivenHidden:
    """A header field that was hidden in the message to which this one replies."""

    name: str
    value: str
    outside: str | None = None


@request_class
class GivenDraft:
    """A mail as the person wrote it."""

    from_: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    text: bytes
    attachments: tuple[GivenFile, ...]
    date: datetime.datetime
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...]
    hidden: tuple[GivenHidden, ...]


@request_class
class ComposeMessage:
    draft: GivenDraft
    sign: bool
    keys: SealedKeys = group_of(SealedKeys)
    recipients: tuple[bytes, ...]
    cipher: str | None = None
    passwords: tuple[Secret, ...] = ()
    receipt: bool = False

    @property
    def encrypts(self) -> bool:
        """Whether the message is encrypted."""
        return bool(self.recipients or self.passwords)


@request_class
class VerifyMessage:
    message: bytes
    keys: SealedKeys = group_of(SealedKeys)
    judging: GivenJudging = group_of(GivenJudging)
    contacts: bytes = b""
    fields_too: bool = False
    receipts_too: bool = False
    sent: GivenSent | None = None


@request_class
class DecryptMessage:
    message: bytes
    keys: SealedKeys = group_of(SealedKeys)


@request_class
class ReadSubjects:
    messages: tuple[bytes, ...]
    keys: SealedKeys = group_of(SealedKeys)


async def compose(request: ComposeMessage, provider: CryptoProvider) -> Reply:
    """Returns `{message, receipt}`: the draft signed, encrypted, both or neither. Raises SmimeError.

    `receipt` is None, or the values that each receipt for the message must have.
    """
    draft = _parse_draft(request.draft)
    identities = await unseal(request.keys, provider)
    outer_headers, entity = build_parts(draft)
    if request.sign or request.encrypts:
        mode = ProtectionMode.CIPHER if request.encrypts else ProtectionMode.CLEAR
        policy = keep_hidden(_parse_hidden(request.draft))
        outer_headers, entity = protect_headers(outer_headers, entity, mode, policy)
    asked = None
    if request.sign:
        signer = choose_signer(identities, draft.date, draft.sender)
        options = SignerOptions(further_attributes=_further_attributes(request, draft, provider))
        entity = await sign_entity(
            entity, Signing(identities=[signer], signing_time=draft.date, options=options), provider
        )
        asked = await describe_asked(entity, provider) if request.receipt else None
    if request.encrypts:
        encrypting = Encrypting(
            recipients=_with_writer(parse_certificates(request.recipients), identities, draft),
            passwords=request.passwords,
            cipher=parse_cipher(request.cipher),
        )
        entity = await encrypt_entity(entity, encrypting, provider)
    if not request.sign and not request.encrypts:
        entity = b"MIME-Version: 1.0\r\n" + entity
    return {"message": outer_headers + entity, "receipt": asked}


async def verify(request: VerifyMessage, provider: CryptoProvider) -> Reply:
    """Returns the report on the message, and its parts that the page shows or keeps.

    The text of a form field is opened only for a page that shows it as such (`fields_too`), and a receipt only for one
    that keeps its requests (`receipts_too`); `sent` is the request that the receipt answers. Raises SmimeError.
    """
    contacts = read_contacts(request.contacts)
    judging = await read_judging(request.judging, provider, contacts)
    receipt = find_receipt(request.message) if request.receipts_too else None
    if receipt is not None:
        return await verify_receipt_mail(request.message, receipt, judging, provider, request.sent)
    keys = Keys(identities=await unseal(request.keys, provider))
    try:
        report = await examine_message(request.message, judging, provider, keys, policy=Policy.ARCHIVE)
    except ContentTypeMismatch:
        if not request.fields_too:
            raise
        return _describe_field(await examine_field_outside_page(request.message, judging, provider, keys=keys))
    harvested = await describe_harvest(report, judging, provider)
    readable = (read_encrypted_payload if report.is_encrypted else read_entity)(report.content)
    return {
        **describe_verdict(report),
        "text": readable.text.encode(),
        "passages": [_describe_passage(passage) for passage in readable.passages],
        "attachments": [_describe_file(attachment) for attachment in readable.attachments],
        "headers": [list(header) for header in report.headers],
        "parts": _read_parts(report),
        "reply": describe_reply(report),
        "harvest": harvested,
        "receipt": await describe_request(report, provider) if request.receipts_too else None,
    }


async def decrypt(request: DecryptMessage, provider: CryptoProvider) -> Reply:
    """Returns `{message}` with all its encrypted layers decrypted. Raises SmimeError."""
    identities = await unseal(request.keys, provider)
    # Policy ARCHIVE also reads the weak ciphers of old mail. That is harmless: the result is not encrypted at all.
    opened = await decrypt_message(request.message, Keys(identities=identities), provider, policy=Policy.ARCHIVE)
    return {"message": opened}


async def read_subjects(request: ReadSubjects, provider: CryptoProvider) -> Reply:
    """Returns `{subjects}` for a list of messages: for each the shown subject, or None if it cannot be read.

    No signature is checked. An error of one message is not told, because it could describe unauthenticated plaintext.
    """
    keys = Keys(identities=await unseal(request.keys, provider))
    return {"subjects": [await _read_subject(message, keys, provider) for message in request.messages]}


async def _read_subject(message: bytes, keys: Keys, provider: CryptoProvider) -> str | None:
    try:
        headers = await read_headers(message, keys, provider, policy=Policy.ARCHIVE)
    except SmimeError:
        return None
    return next((field.text for field in headers.find("Subject")), None)


def _describe_field(report: MessageReport) -> Reply:
    # The text of a field has no sender whose certificate could be kept, and nobody answers it.
    return {
        **describe_verdict(report),
        "text": report.content,
        "passages": [{"path": "", "text": report.content, "html": None}],
        "attachments": [],
        "headers": [],
        "parts": [],
        "reply": describe_reply(report),
        "harvest": None,
        "receipt": None,
    }


def _describe_passage(passage: Passage) -> Reply:
    markup = None if passage.html is None else passage.html.encode()
    return {"path": passage.path, "text": passage.text.encode(), "html": markup}


def _describe_file(file: Attachment) -> Reply:
    facts = {"name": file.filename, "type": file.content_type, "path": file.path, "contentId": file.content_id}
    return {**facts, "data": file.data}


def _read_parts(report: MessageReport) -> list[Reply]:
    # A signature that covers only a part has its own verdict. The page shows it beside the text of that part.
    paths = {layer.path for layer in report.layers if layer.kind is LayerKind.SIGNED and not layer.covers_whole}
    parts = find_nested_layers(parse_entity(report.content)) if paths else ()
    return [{"path": path, "text": read_entity(part.encoded).text.encode()} for path, part in parts if path in paths]


def _with_writer(
    recipients: tuple[Certificate, ...], identities: Sequence[UnsealedIdentity], draft: Draft
) -> tuple[Certificate, ...]:
    # The writer must be able to read the copy in Sent. One own certificate is enough for that.
    own = (
        identity.certificate
        for identity in identities
        if owns(identity, draft.sender) and may(identity, Purpose.ENCRYPT, draft.date)
    )
    return tuple(dict.fromkeys((*recipients, *list(own)[:1])))


def _further_attributes(request: ComposeMessage, draft: Draft, provider: CryptoProvider) -> tuple[bytes, ...]:
    if not request.receipt:
        return ()
    (author,) = addresses(draft.sender)
    return (ask_for_receipt(author.address, draft.date, provider),)


def _parse_draft(draft: GivenDraft) -> Draft:
    return Draft(
        sender=draft.from_,
        to=draft.to,
        cc=draft.cc,
        subject=draft.subject,
        text=decode_text(draft.text),
        date=draft.date,
        message_id=draft.message_id,
        in_reply_to=draft.in_reply_to,
        references=draft.references,
        attachments=[Attachment(filename=one.name, content_type=one.type, data=one.data) for one in draft.attachments],
    )


def _parse_hidden(draft: GivenDraft) -> list[HiddenField]:
    # The page takes `draft.hidden` from `message.verify` of the message to which this one replies.
    return [HiddenField(name=one.name, value=one.value, outside=one.outside) for one in draft.hidden]
