"""The verbs that compose mail, which is signed, encrypted, both or neither.

A signature with a timestamp takes two steps, because the page asks the timestamp service in between. `sign` returns the
query for the service; `finish` checks the answer and encrypts.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from smime_core.algorithms import HashName
from smime_core.cades import add_signature_timestamp, signature_value
from smime_core.cms import Encrypting, OctetsContent, SignerOptions, Signing
from smime_core.errors import SmimeError, TimestampRefused
from smime_core.ess import SecurityLabel, build_security_label
from smime_core.mail import Draft, HiddenField, ProtectionMode, build_parts, keep_hidden, protect_headers
from smime_core.message import encrypt_bytes, encrypt_entity, sign_entity
from smime_core.mime import (
    Attachment,
    addresses,
    build_pkcs7_mime,
    build_signed,
    decode_body,
    is_multipart_signed,
    parse_entity,
    split_signed,
)
from smime_core.pkix import Purpose
from smime_core.policy import find_weakness
from smime_core.provider import CryptoProvider
from smime_core.timestamp import (
    MessageImprint,
    TimestampRequest,
    build_timestamp_request,
    check_answer,
    new_timestamp_request,
    parse_timestamp_response,
)
from smime_core.trust import PARCEL_REPLY, SERVICE_FIELD
from smime_core.verdict import claim_of
from smime_core.x509 import Certificate
from wasm_build.vault.python.receipts import ask_for_receipt, describe_asked
from wasm_build.vault.python.requests import (
    GivenFile,
    Reply,
    Secret,
    ToEncrypt,
    WithKeys,
    decode_text,
    group_of,
    parse_certificates,
    parse_cipher,
    request_class,
)
from wasm_build.vault.python.sealed import UnsealedIdentity, choose_signer, may, owns, unseal


@request_class
class GivenHidden:
    """A header field that was hidden in the message to which the draft replies."""

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
    html: bytes = b""
    attachments: tuple[GivenFile, ...]
    date: datetime.datetime
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...]
    sent_by: str = ""
    hidden: tuple[GivenHidden, ...]


@request_class
class GivenLabel:
    """A security label: the OID of its policy, and the number of the classification in it."""

    policy: str
    classification: int


@request_class
class GivenClaims:
    """The statements in a signature besides the usual ones: a request for receipts, and a security label."""

    receipt: bool = False
    label: GivenLabel | None = None


@request_class
class ComposeMessage(WithKeys):
    """`reads_headers` is true if the program of every reader is known to read protected header fields."""

    draft: GivenDraft
    sign: bool
    reads_headers: bool = False
    recipients: tuple[bytes, ...]
    cipher: str | None = None
    passwords: tuple[Secret, ...] = ()
    claims: GivenClaims = group_of(GivenClaims)


@request_class
class SignMessage(WithKeys):
    draft: GivenDraft
    encrypts: bool
    reads_headers: bool = False
    claims: GivenClaims = group_of(GivenClaims)


@request_class
class FinishMessage(ToEncrypt):
    headers: bytes
    entity: bytes
    nonce: str
    answer: bytes
    passwords: tuple[Secret, ...] = ()


@request_class
class ReplyToParcel(ToEncrypt):
    draft: GivenDraft


async def compose(request: ComposeMessage, provider: CryptoProvider) -> Reply:
    """Returns `{message, receipt}`: the draft signed, encrypted, both or neither. Raises SmimeError.

    `receipt` is None, or the values that each receipt for the message must have.
    """
    draft = _parse_draft(request.draft)
    identities = await unseal(request.keys, provider)
    encrypts = bool(request.recipients or request.passwords)
    outer_headers, entity = build_parts(draft)
    receipt = None
    if request.sign or encrypts:
        outer_headers, entity = _protect(request.draft, draft, _mode(encrypts, request.reads_headers))
    if request.sign:
        entity, receipt = await _sign(entity, draft, request.claims, identities, provider)
    if encrypts:
        recipients = _with_writer(parse_certificates(request.recipients), identities, draft)
        encrypting = Encrypting(recipients=recipients, passwords=request.passwords, cipher=parse_cipher(request.cipher))
        entity = await encrypt_entity(entity, encrypting, provider)
    if not request.sign and not encrypts:
        entity = b"MIME-Version: 1.0\r\n" + entity
    return {"message": outer_headers + entity, "receipt": receipt}


async def sign(request: SignMessage, provider: CryptoProvider) -> Reply:
    """Returns `{headers, entity, query, nonce, receipt, writer}`: the signed draft, and the query for a timestamp.

    With `encrypts` the header fields are protected as in an encrypted message. `writer` is the writer's certificate,
    for which the message must be encrypted too, or None. Raises SmimeError.
    """
    draft = _parse_draft(request.draft)
    identities = await unseal(request.keys, provider)
    outer_headers, entity = _protect(request.draft, draft, _mode(request.encrypts, request.reads_headers))
    entity, receipt = await _sign(entity, draft, request.claims, identities, provider)
    _, cms = _split(entity)
    query = await new_timestamp_request(OctetsContent(signature_value(cms), provider), provider)
    return {
        "headers": outer_headers,
        "entity": entity,
        "query": build_timestamp_request(query),
        "nonce": f"{query.nonce:x}",
        "receipt": receipt,
        "writer": next((certificate.der for certificate in _with_writer((), identities, draft)), None)
        if request.encrypts
        else None,
    }


async def finish(request: FinishMessage, provider: CryptoProvider) -> Reply:
    """Returns `{message}`: the message of `sign` with the timestamp in `answer`, encrypted if it has recipients.

    The answer must be a valid timestamp of this signature for this query. Readers judge whether its service is trusted.
    Raises TimestampRefused, or the errors of encryption.
    """
    entity = await _add_timestamp(request.entity, request.answer, int(request.nonce, 16), provider)
    if request.recipients or request.passwords:
        encrypting = Encrypting(
            recipients=tuple(dict.fromkeys(parse_certificates(request.recipients))),
            passwords=request.passwords,
            cipher=parse_cipher(request.cipher),
        )
        entity = await encrypt_entity(entity, encrypting, provider)
    return {"message": request.headers + entity}


async def reply_to_parcel(request: ReplyToParcel, provider: CryptoProvider) -> Reply:
    """Returns `{cms}`: the draft with its header fields, encrypted and not signed. Raises SmimeError.

    The writer opened a parcel and has no keys. The service of parcels puts the answer into a mail with another subject,
    date and Message-ID.
    """
    outer_headers, entity = build_parts(_parse_draft(request.draft))
    # The encrypted part has the field too, so that nobody on the way can remove it. The field keeps the sender's reply
    # from going to the service.
    outer_headers += f"{SERVICE_FIELD}: {PARCEL_REPLY}\r\n".encode()
    _, entity = protect_headers(outer_headers, entity, ProtectionMode.CIPHER, _keep_people)
    return {"cms": await encrypt_bytes(entity, request.encrypting(), provider)}


def _keep_people(name: str, value: str) -> str | None:
    # The service rewrites the other fields, so they must not be recorded as outer fields (RFC 9788 section 2.2).
    return value if name.lower() in ("from", "to") else None


def _mode(encrypts: bool, reads_headers: bool) -> ProtectionMode:
    if not encrypts:
        return ProtectionMode.CLEAR
    return ProtectionMode.CIPHER if reads_headers else ProtectionMode.CIPHER_WITH_COPY


def _protect(request_draft: GivenDraft, draft: Draft, mode: ProtectionMode) -> tuple[bytes, bytes]:
    return protect_headers(*build_parts(draft), mode, keep_hidden(_parse_hidden(request_draft)))


async def _sign(
    entity: bytes,
    draft: Draft,
    claims: GivenClaims,
    identities: Sequence[UnsealedIdentity],
    provider: CryptoProvider,
) -> tuple[bytes, Reply | None]:
    """Returns the signed entity, and the values that its receipts must have, or None if it asks for no receipts."""
    signer = choose_signer(identities, draft.date, claim_of(draft.sender))
    options = SignerOptions(further_attributes=_further_attributes(claims, draft, provider))
    signed = await sign_entity(entity, Signing(identities=[signer], signing_time=draft.date, options=options), provider)
    return signed, await describe_asked(signed, provider) if claims.receipt else None


def _further_attributes(claims: GivenClaims, draft: Draft, provider: CryptoProvider) -> tuple[bytes, ...]:
    attributes = []
    if claims.receipt:
        (author,) = addresses(draft.sender)
        attributes.append(ask_for_receipt(author.address, draft.date, provider))
    if claims.label is not None:
        label = SecurityLabel(policy=claims.label.policy, classification=claims.label.classification)
        attributes.append(build_security_label(label))
    return tuple(attributes)


async def _add_timestamp(entity: bytes, answer: bytes, nonce: int, provider: CryptoProvider) -> bytes:
    content, cms = _split(entity)
    digest = await OctetsContent(signature_value(cms), provider).digest(HashName.SHA256)
    query = TimestampRequest(imprint=MessageImprint(hash_name=HashName.SHA256, digest=digest), nonce=nonce)
    try:
        token = parse_timestamp_response(answer)
        check_answer(token, query)
        cms = await add_signature_timestamp(cms, token, provider)
    except SmimeError as error:
        raise TimestampRefused(str(error)) from error
    if content is None:
        return build_pkcs7_mime(b"", cms, "signed-data")
    parameters = parse_entity(entity).content_type.parameters
    return build_signed(b"", content, cms, parameters["micalg"], parameters["boundary"])


def _split(entity: bytes) -> tuple[bytes | None, bytes]:
    """The signed content of a multipart/signed, or None for an opaque signature; and the CMS of the signature."""
    parsed = parse_entity(entity)
    if not is_multipart_signed(parsed):
        return None, bytes(decode_body(parsed))
    content, signature = split_signed(parsed)
    return bytes(content), bytes(decode_body(signature))


def _with_writer(
    recipients: tuple[Certificate, ...], identities: Sequence[UnsealedIdentity], draft: Draft
) -> tuple[Certificate, ...]:
    # The writer must be able to read the copy in Sent. One certificate of the writer is enough for that. A certificate
    # with a short key is left out, because an attacker could break the key and read the message.
    own = (
        identity.certificate
        for identity in identities
        if owns(identity, draft.sender)
        and may(identity, Purpose.ENCRYPT, draft.date)
        and find_weakness(identity.certificate.public_key) is None
    )
    return tuple(dict.fromkeys((*recipients, *list(own)[:1])))


def _parse_draft(draft: GivenDraft) -> Draft:
    return Draft(
        sender=draft.from_,
        to=draft.to,
        cc=draft.cc,
        subject=draft.subject,
        text=decode_text(draft.text),
        html=decode_text(draft.html),
        date=draft.date,
        message_id=draft.message_id,
        in_reply_to=draft.in_reply_to,
        references=draft.references,
        sent_by=draft.sent_by,
        attachments=[
            Attachment(filename=attachment.name, content_type=attachment.type, data=attachment.data)
            for attachment in draft.attachments
        ],
    )


def _parse_hidden(draft: GivenDraft) -> list[HiddenField]:
    # The page takes `draft.hidden` from `message.verify` of the message to which this one replies.
    return [HiddenField(name=field.name, value=field.value, outside=field.outside) for field in draft.hidden]
