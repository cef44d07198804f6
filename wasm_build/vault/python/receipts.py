"""Signed receipts (RFC 2634 section 2): the request in a signature, the receipt for a mail, and receipts that arrive.

The request of a message and the receipts for it have the same `id`: the SHA-256 of the Receipt, which contains the
signature of the message. The page keeps the `id` of each request, and compares the receipts with it.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.asn1 import GeneralNames
from smime_core.cms import (
    Keys,
    OctetsContent,
    SignedLayer,
    SignerInfo,
    Signing,
    find_cms,
    find_layer,
    find_signed_layer,
    find_signer_certificates,
    parse_message,
)
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.ess import (
    ID_CT_RECEIPT,
    AllOrFirstTier,
    ReceiptRequest,
    build_receipt,
    build_receipt_request,
    expect_receipt,
    mail_name,
    new_content_identifier,
    parse_expansion_history,
    parse_receipt_request,
    parse_signed_receipt,
)
from smime_core.mail import Draft, FieldProtection, build_parts, find_message_ids
from smime_core.message import decrypt_entity, verify_bytes
from smime_core.mime import Entity, addresses, build_pkcs7_mime, from_addresses
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.report import MessageReport, Reason, State, reason, time_to_json
from smime_core.text import addresses_match
from smime_core.trust import Judging
from wasm_build.vault.python.replies import Reply, describe_reply, describe_verdict
from wasm_build.vault.python.requests import SealedKeys, group_of, request_class
from wasm_build.vault.python.signers import choose_signer, unseal

# The longest body in which a receipt is looked for. A receipt has about 5,000 bytes, most of them its certificates.
_MAX_RECEIPT_BYTES: Final = 200_000


@request_class
class MakeReceipt:
    """`id` is that of the request in the message. `from_` is the reader who signs the receipt."""

    message: bytes
    id: str
    from_: str
    subject: str
    message_id: str
    at: datetime.datetime
    keys: SealedKeys = group_of(SealedKeys)


@request_class
class GivenEarlier:
    """A receipt that arrived earlier for the same message."""

    address: str
    signature: str
    message_id: str


@request_class
class GivenSent:
    """A sent message that asked for receipts: the values of `message.compose`, its recipients, and its receipts."""

    id: str
    digest: str
    to: tuple[str, ...]
    receipts: tuple[GivenEarlier, ...]


def ask_for_receipt(address: str, at: datetime.datetime, provider: CryptoProvider) -> bytes:
    """The attribute by which a signer asks every recipient for a receipt to this address. Raises MalformedMessage."""
    request = ReceiptRequest(
        signed_content_identifier=new_content_identifier(address.encode(), provider, moment=at),
        receipts_from=AllOrFirstTier.ALL_RECEIPTS,
        receipts_to=((mail_name(address),),),
    )
    return build_receipt_request(request)


async def describe_asked(signed: bytes, provider: CryptoProvider) -> Reply:
    """Returns `{id, digest}` of a newly signed entity. A receipt for it must have the same values."""
    (info,) = find_signed_layer(signed).signed_data.signer_infos
    if isinstance(info, SmimeError):
        raise info
    expected = await expect_receipt(info, provider)
    return {"id": _id_of(expected.content), "digest": expected.msg_sig_digest.hex()}


async def describe_request(report: MessageReport, provider: CryptoProvider) -> Reply | None:
    """Returns `{kind, id, to, only, readers}` for a verified message that asks for a receipt, or None.

    `to` are the addresses that get the receipt, `only` are the addresses that are asked, or None for everybody, and
    `readers` are the addresses in To and Cc. Only the author may ask: others can add signers to a message. A message
    that a mailing list has expanded asks nobody, since the list may lead receipts elsewhere (section 4.2).
    """
    if report.state is not State.VERIFIED:
        return None
    try:
        if any(parse_expansion_history(signer.signed_attributes) for signer in report.signers):
            return None
        for info in _infos_of_author(report):
            request = parse_receipt_request(info.attributes)
            if request is not None:
                expected = await expect_receipt(info, provider)
                return {"kind": "asked", "id": _id_of(expected.content), **_describe_people(request, report)}
    except SmimeError:
        # A damaged request is no request.
        return None
    return None


async def make(request: MakeReceipt, provider: CryptoProvider) -> Reply:
    """Returns `{message, to}`: the receipt as a mail to the addresses that the author of `request.message` has named.

    The signature of the message is verified again. Raises SmimeError.
    """
    identities = await unseal(request.keys, provider)
    layer = find_signed_layer(await _decrypt(request.message, Keys(identities=identities), provider))
    info = await _find_asking(layer, request.id, provider)
    certificates = find_signer_certificates(info, layer.signed_data.certificates)
    asked = parse_receipt_request(info.attributes)
    if asked is None or not certificates:
        raise _not_asked()
    receipt_der = await build_receipt(
        info,
        OctetsContent(layer.content or b"", provider),
        Signing(identities=[choose_signer(identities, request.at, request.from_)], signing_time=request.at),
        provider,
        content_type=layer.signed_data.e_content_type,
        certificate=certificates[0],
    )
    to = _addresses_in(asked.receipts_to)
    return {"message": _build_mail(receipt_der, request, to), "to": to}


def find_receipt(message: bytes) -> bytes | None:
    """The CMS of a message that is a signed receipt, or None."""
    try:
        node = parse_message(message)
        if isinstance(node, Entity) and not _may_be_receipt(node):
            return None
        cms = find_cms(node)
        layer = None if cms is None else find_layer(bytes(cms))
    except SmimeError:
        return None
    is_receipt = isinstance(layer, SignedLayer) and layer.signed_data.e_content_type == ID_CT_RECEIPT
    return bytes(cms) if cms is not None and is_receipt else None


def _may_be_receipt(entity: Entity) -> bool:
    # Most mails are sorted out by their header.
    smime_type = entity.content_type.parameters.get("smime-type", "signed-receipt").lower()
    return smime_type == "signed-receipt" and len(entity.body) <= _MAX_RECEIPT_BYTES


async def verify_receipt_mail(
    message: bytes, cms: bytes, judging: Judging, provider: CryptoProvider, sent: GivenSent | None
) -> Reply:
    """Returns the reply of `message.verify` for a mail that is a receipt.

    It is verified only as the first receipt of a recipient of the message `sent`. Without `sent` it is for no message.
    """
    node = parse_message(message)
    report = await verify_bytes(
        cms, judging, provider, content_type=ID_CT_RECEIPT, sender=_author_of(node), policy=Policy.ARCHIVE
    )
    headers = node.headers.fields if isinstance(node, Entity) else ()
    report = dataclasses.replace(
        report,
        headers=tuple((field.name, field.text) for field in headers),
        header_protections=tuple(str(FieldProtection.UNPROTECTED) for _ in headers),
        content=b"",
    )
    arrived = _read_arrived(cms, report, _message_id(message))
    report = _with_doubt(report, _compare(arrived, sent))
    return {
        **describe_verdict(report),
        "text": b"",
        "passages": [],
        "attachments": [],
        "headers": [list(header) for header in report.headers],
        "parts": [],
        "reply": describe_reply(report),
        "harvest": None,
        "label": None,
        "receipt": {
            "kind": "given",
            "id": arrived.id,
            "signature": arrived.signature,
            "messageId": arrived.message_id,
            "addresses": list(arrived.addresses),
            "name": arrived.name,
            "at": time_to_json(arrived.signing_time) if arrived.signing_time else "",
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrived:
    """A receipt that arrived. `id` is "" if its structure is wrong; `signature` is the hash of its signature."""

    id: str = ""
    digest: str = ""
    signature: str = ""
    message_id: str
    addresses: tuple[str, ...]
    name: str
    signing_time: datetime.datetime | None


def _read_arrived(cms: bytes, report: MessageReport, message_id: str) -> _Arrived:
    (signer, *_) = report.signers
    claimed = signer.certificate.email_addresses if signer.certificate else ()
    arrived = _Arrived(
        message_id=message_id,
        addresses=signer.addresses if signer.state is State.VERIFIED else claimed,
        name=signer.certificate.common_name if signer.certificate else "",
        signing_time=signer.signing_time,
    )
    try:
        receipt = parse_signed_receipt(cms)
    except SmimeError:
        return arrived
    return dataclasses.replace(
        arrived,
        id=_id_of(receipt.content),
        digest=receipt.msg_sig_digest.hex(),
        signature=hashlib.sha256(receipt.signer.signature).hexdigest(),
    )


def _compare(arrived: _Arrived, sent: GivenSent | None) -> tuple[State, Reason] | None:
    """The state and the reason of a receipt that proves nothing, or None (section 2.6)."""
    if sent is None or not arrived.id or sent.id != arrived.id:
        return State.SIGNED_UNVERIFIED, reason("receipt-unknown")
    if sent.digest != arrived.digest:
        return State.INVALID, reason("receipt-mismatch")
    if not _any_match(arrived.addresses, sent.to):
        return State.SIGNED_UNVERIFIED, reason("receipt-not-recipient")
    if any(_is_repeated(arrived, earlier) for earlier in sent.receipts):
        return State.SIGNED_UNVERIFIED, reason("receipt-repeated")
    return None


def _is_repeated(arrived: _Arrived, earlier: GivenEarlier) -> bool:
    # The same mail may be opened again. Its copy in another mail is a second receipt.
    is_same_mail = (arrived.signature, arrived.message_id) == (earlier.signature, earlier.message_id)
    return _any_match(arrived.addresses, [earlier.address]) and not is_same_mail


def _with_doubt(report: MessageReport, doubt: tuple[State, Reason] | None) -> MessageReport:
    if doubt is None:
        return report
    state, why = doubt
    worse = max(report.state, state, key=list(State).index)
    return dataclasses.replace(report, state=worse, reasons=(why, *report.reasons))


def _infos_of_author(report: MessageReport) -> Iterable[SignerInfo]:
    for signer in report.deciding_signers:
        is_author = _any_match(signer.addresses, [report.sender or ""])
        if signer.info and signer.state is State.VERIFIED and is_author:
            yield signer.info


def _describe_people(request: ReceiptRequest, report: MessageReport) -> Reply:
    asked = request.receipts_from
    fields = [value for name, value in report.headers if name.lower() in ("to", "cc")]
    return {
        "to": _addresses_in(request.receipts_to),
        "only": None if isinstance(asked, AllOrFirstTier) else _addresses_in(asked),
        "readers": [mailbox.address for value in fields for mailbox in addresses(value)],
    }


async def _decrypt(message: bytes, keys: Keys, provider: CryptoProvider) -> bytes:
    if not keys.identities:
        return message
    try:
        return await decrypt_entity(message, keys, provider, policy=Policy.ARCHIVE)
    except MalformedMessage:
        # Nothing in it is encrypted.
        return message


async def _find_asking(layer: SignedLayer, wanted: str, provider: CryptoProvider) -> SignerInfo:
    for info in layer.signed_data.signer_infos:
        if isinstance(info, SignerInfo) and parse_receipt_request(info.attributes) is not None:
            expected = await expect_receipt(info, provider)
            if _id_of(expected.content) == wanted:
                return info
    raise _not_asked()


def _not_asked() -> MalformedMessage:
    return MalformedMessage("the message asks for no such receipt", where="receiptRequest")


def _build_mail(receipt_der: bytes, request: MakeReceipt, to: list[str]) -> bytes:
    draft = Draft(
        sender=request.from_,
        to=to,
        subject=request.subject,
        date=request.at,
        message_id=request.message_id,
        in_reply_to=_message_id(request.message),
    )
    outer_headers, _ = build_parts(draft)
    # Section 2.4: a receipt is SignedData directly over the Receipt, without a MIME entity inside.
    return outer_headers + build_pkcs7_mime(b"", receipt_der, "signed-receipt")


def _message_id(message: bytes) -> str:
    node = parse_message(message)
    field = node.headers.get_unfolded("Message-ID") if isinstance(node, Entity) else None
    return next(iter(find_message_ids(field or "")), "")


def _any_match(some: Iterable[str], others: Sequence[str]) -> bool:
    return any(addresses_match(one, other) for one in some for other in others)


def _author_of(node: Entity | bytes) -> str | None:
    # Several authors are none: no signer has the address "".
    mailboxes = from_addresses(node.headers) if isinstance(node, Entity) else ()
    has_field = isinstance(node, Entity) and bool(node.headers.find("From"))
    return (mailboxes[0].address if len(mailboxes) == 1 else "") if has_field else None


def _addresses_in(entities: Iterable[GeneralNames]) -> list[str]:
    return [name.address for names in entities for name in names if name.address]


def _id_of(receipt_der: bytes) -> str:
    return hashlib.sha256(receipt_der).hexdigest()
