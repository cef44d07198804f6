"""The verbs that decrypt mail, read mail with its verdict, and read messages for lists and for the search."""

from __future__ import annotations

from typing import Final

from smime_core.cms import Keys, find_nested_layers
from smime_core.errors import ContentTypeMismatch, SmimeError
from smime_core.ess import parse_security_label
from smime_core.mail import Passage, ReadableEntity, read_entity, read_payload
from smime_core.message import UnverifiedMessage, decrypt_message, examine_message, read_headers, read_unverified
from smime_core.mime import Attachment, Entity, parse_entity
from smime_core.own_content import examine_field_outside_page
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.report import LayerKind, MessageReport
from wasm_build.vault.python.arrived_receipts import GivenSent, find_receipt, verify_receipt_mail
from wasm_build.vault.python.contacts import describe_harvest, read_contacts
from wasm_build.vault.python.receipts import describe_request
from wasm_build.vault.python.replies import describe_headers, describe_reply, describe_verdict
from wasm_build.vault.python.requests import Reply, WithKeys, request_class
from wasm_build.vault.python.sealed import unseal
from wasm_build.vault.python.trust import WithKeysAndJudging, read_judging

_PROTECTED_TYPE: Final = "application/pkcs7-mime"
_OPENED_KINDS: Final = (LayerKind.ENCRYPTED, LayerKind.SIGNED, LayerKind.COMPRESSED)
_PEOPLE: Final = ("From", "To", "Cc")
# In longer texts, only the beginning can be found, because a single message must not fill the index.
_MAX_CHARACTERS: Final = 100_000
_NOTHING: Final = ReadableEntity("", (), ())


@request_class
class VerifyMessage(WithKeysAndJudging):
    message: bytes
    contacts: bytes = b""
    fields_too: bool = False
    receipts_too: bool = False
    sent: GivenSent | None = None


@request_class
class DecryptMessage(WithKeys):
    message: bytes


@request_class
class ReadMessages(WithKeys):
    """The messages of a list, of which only a part is read."""

    messages: tuple[bytes, ...]


async def verify(request: VerifyMessage, provider: CryptoProvider) -> Reply:
    """Returns the report on the message, and those parts of the message that the page shows or keeps.

    The text of a form field is opened only for a page that shows it as a form field (`fields_too`). A receipt is read
    only for a page that keeps its requests (`receipts_too`); `sent` is the request that the receipt answers. Raises
    SmimeError.
    """
    judging = await read_judging(request.judging, provider, read_contacts(request.contacts))
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
    readable = read_payload(report.content, encrypted=report.is_encrypted)
    return {
        **describe_verdict(report),
        "text": readable.text.encode(),
        "passages": [_describe_passage(passage) for passage in readable.passages],
        "attachments": _describe_files(report, readable.attachments),
        "headers": describe_headers(report.headers),
        "parts": _read_parts(report),
        "reply": describe_reply(report),
        "harvest": harvested,
        "receipt": await describe_request(report, provider) if request.receipts_too else None,
        "label": _describe_label(report),
    }


async def decrypt(request: DecryptMessage, provider: CryptoProvider) -> Reply:
    """Returns `{message}` with all its encrypted layers decrypted. Raises SmimeError."""
    identities = await unseal(request.keys, provider)
    # Policy ARCHIVE also reads the weak ciphers of old mail. This is harmless, because the result is not encrypted at
    # all.
    opened = await decrypt_message(request.message, Keys(identities=identities), provider, policy=Policy.ARCHIVE)
    return {"message": opened}


async def read_subjects(request: ReadMessages, provider: CryptoProvider) -> Reply:
    """Returns `{subjects}` for a list of messages: for each the shown subject, or None if it cannot be read.

    No signature is checked. An error of one message is not reported, because it could describe unauthenticated
    plaintext.
    """
    # A list may have many messages for other people, so only keys that a message names are tried.
    keys = Keys(identities=await unseal(request.keys, provider), most_guesses=0)
    return {"subjects": [await _read_subject(message, keys, provider) for message in request.messages]}


async def read_texts(request: ReadMessages, provider: CryptoProvider) -> Reply:
    """Returns `{texts}`: for each message `{subject, people, text}`, or None if it cannot be read.

    `people` has the fields From, To and Cc, `text` the text and the names of files. No signature is checked. An error
    of one message is not reported, because it could describe unauthenticated plaintext.
    """
    keys = Keys(identities=await unseal(request.keys, provider))
    return {"texts": [await _read_text(message, keys, provider) for message in request.messages]}


async def _read_subject(message: bytes, keys: Keys, provider: CryptoProvider) -> str | None:
    try:
        headers = await read_headers(message, keys, provider, policy=Policy.ARCHIVE)
    except SmimeError:
        return None
    return next((field.text for field in headers.find("Subject")), None)


async def _read_text(message: bytes, keys: Keys, provider: CryptoProvider) -> Reply | None:
    try:
        opened = await read_unverified(message, keys, provider, policy=Policy.ARCHIVE)
        readable = _read_content(opened)
    except SmimeError:
        return None
    names = [file.filename for file in readable.attachments if file.filename]
    text = "\n".join([readable.text[:_MAX_CHARACTERS], *names])
    return {
        "subject": _join(opened, ("Subject",)),
        "people": _join(opened, _PEOPLE),
        "text": text[: 2 * _MAX_CHARACTERS].encode(),
    }


def _read_content(opened: UnverifiedMessage) -> ReadableEntity:
    if not isinstance(opened.content, Entity):
        return _NOTHING
    return read_payload(opened.content.encoded, encrypted=opened.is_encrypted)


def _join(opened: UnverifiedMessage, names: tuple[str, ...]) -> str:
    fields = [field.text for name in names for field in opened.headers.find(name)]
    return "\n".join(fields)[:_MAX_CHARACTERS]


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
        "label": None,
    }


def _describe_label(report: MessageReport) -> Reply | None:
    """Returns `{policy, classification}` of the label in the signatures, or None.

    If the label is damaged, or if the signers' labels differ, the reply has the policy "", which no organisation has
    (RFC 2634 section 3.1.2).
    """
    infos = [signer.info for signer in report.deciding_signers if signer.info]
    try:
        labels = {parse_security_label(info.attributes) for info in infos}
    except SmimeError:
        return {"policy": "", "classification": None}
    if len(labels) > 1:
        return {"policy": "", "classification": None}
    label = next(iter(labels), None)
    return None if label is None else {"policy": label.policy, "classification": label.classification}


def _describe_passage(passage: Passage) -> Reply:
    markup = None if passage.html is None else passage.html.encode()
    return {"path": passage.path, "text": passage.text.encode(), "html": markup}


def _describe_files(report: MessageReport, files: tuple[Attachment, ...]) -> list[Reply]:
    # A protected part gets the type of a protected part, even if its header names another type, so that views offer to
    # open it.
    protected = {layer.path for layer in report.layers if layer.kind in _OPENED_KINDS and not layer.covers_whole}
    return [_describe_file(file, is_protected=file.path in protected) for file in files]


def _describe_file(file: Attachment, *, is_protected: bool) -> Reply:
    media_type = _PROTECTED_TYPE if is_protected else file.content_type
    facts = {"name": file.filename, "type": media_type, "path": file.path, "contentId": file.content_id}
    return {**facts, "data": file.data}


def _read_parts(report: MessageReport) -> list[Reply]:
    # A signature that covers only a part has a separate verdict. The page shows this verdict beside the text of that
    # part.
    paths = {layer.path for layer in report.layers if layer.kind is LayerKind.SIGNED and not layer.covers_whole}
    parts = find_nested_layers(parse_entity(report.content)) if paths else ()
    return [{"path": path, "text": read_entity(part.encoded).text.encode()} for path, part in parts if path in paths]
