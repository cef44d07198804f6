"""Signed receipts (RFC 2634 section 2): the request in a signature, and the receipt for a mail.

The request of a message and the receipts for it have the same `id`: the SHA-256 of the Receipt, which contains the
signature of the message. The page keeps the `id` of each request, and compares the receipts with it.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Sequence

from smime_core.asn1 import GeneralNames
from smime_core.cms import (
    Keys,
    OctetsContent,
    SignedLayer,
    SignerInfo,
    Signing,
    find_signed_layer,
    find_signer_certificates,
    parse_message,
)
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.ess import (
    AllOrFirstTier,
    ReceiptRequest,
    build_receipt,
    build_receipt_request,
    expect_receipt,
    mail_name,
    new_content_identifier,
    parse_expansion_history,
    parse_receipt_request,
)
from smime_core.mail import Draft, build_parts, find_message_ids
from smime_core.message import decrypt_entity
from smime_core.mime import Entity, build_pkcs7_mime
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.report import MessageReport, State
from smime_core.text import addresses_match
from smime_core.verdict import claim_of
from wasm_build.vault.python.requests import Reply, WithKeys, request_class
from wasm_build.vault.python.sealed import choose_signer, unseal


@request_class
class MakeReceipt(WithKeys):
    """`id` is the id of the request in the message. `from_` is the reader who signs the receipt."""

    message: bytes
    id: str
    from_: str
    subject: str
    message_id: str
    at: datetime.datetime


def ask_for_receipt(address: str, at: datetime.datetime, provider: CryptoProvider) -> bytes:
    """The attribute with which a signer asks every recipient for a receipt to this address. Raises MalformedMessage."""
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
    return {"id": receipt_id(expected.content), "digest": expected.msg_sig_digest.hex()}


async def describe_request(report: MessageReport, provider: CryptoProvider) -> Reply | None:
    """Returns `{kind, id, to, only, readers}` for a verified message that asks for a receipt, or None.

    `to` are the addresses that get the receipt, and `readers` are the addresses in To and Cc. `only` are the addresses
    that are asked, or None for everybody. Only the author may ask, because others can add signers to a message. A
    message that a mailing list has expanded asks nobody, because the list may direct receipts elsewhere (section 4.2).
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
                return {"kind": "asked", "id": receipt_id(expected.content), **_describe_people(request, report)}
    except SmimeError:
        # A damaged request does not count.
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
    receipt_request = parse_receipt_request(info.attributes)
    if receipt_request is None or not certificates:
        raise _not_asked()
    receipt_der = await build_receipt(
        info,
        OctetsContent(layer.content or b"", provider),
        Signing(identities=[choose_signer(identities, request.at, claim_of(request.from_))], signing_time=request.at),
        provider,
        content_type=layer.signed_data.e_content_type,
        certificate=certificates[0],
    )
    to = _addresses_in(receipt_request.receipts_to)
    return {"message": _build_mail(receipt_der, request, to), "to": to}


def find_message_id(message: bytes) -> str:
    """The Message-ID of a message, with its brackets; "" without one. Raises MalformedMessage."""
    node = parse_message(message)
    field = node.headers.get_unfolded("Message-ID") if isinstance(node, Entity) else None
    return next(iter(find_message_ids(field or "")), "")


def any_match(some: Iterable[str], others: Sequence[str]) -> bool:
    """Whether two lists have an address in common."""
    return any(addresses_match(address, other) for address in some for other in others)


def receipt_id(receipt_der: bytes) -> str:
    """The `id` of a request, and of each receipt that answers it."""
    return hashlib.sha256(receipt_der).hexdigest()


def _infos_of_author(report: MessageReport) -> Iterable[SignerInfo]:
    for signer in report.deciding_signers:
        is_author = any_match(signer.addresses, [report.sender or ""])
        if signer.info and signer.state is State.VERIFIED and is_author:
            yield signer.info


def _describe_people(request: ReceiptRequest, report: MessageReport) -> Reply:
    recipients = request.receipts_from
    return {
        "to": _addresses_in(request.receipts_to),
        "only": None if isinstance(recipients, AllOrFirstTier) else _addresses_in(recipients),
        "readers": [mailbox.address for field in (report.people.to, report.people.cc) for mailbox in field.mailboxes],
    }


async def _decrypt(message: bytes, keys: Keys, provider: CryptoProvider) -> bytes:
    if not keys.identities:
        return message
    try:
        return await decrypt_entity(message, keys, provider, policy=Policy.ARCHIVE)
    except MalformedMessage:
        # Nothing in the message is encrypted.
        return message


async def _find_asking(layer: SignedLayer, identifier: str, provider: CryptoProvider) -> SignerInfo:
    for info in layer.signed_data.signer_infos:
        if isinstance(info, SignerInfo) and parse_receipt_request(info.attributes) is not None:
            expected = await expect_receipt(info, provider)
            if receipt_id(expected.content) == identifier:
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
        in_reply_to=find_message_id(request.message),
    )
    outer_headers, _ = build_parts(draft)
    # Section 2.4: a receipt is SignedData directly over the Receipt, without a MIME entity inside.
    return outer_headers + build_pkcs7_mime(b"", receipt_der, "signed-receipt")


def _addresses_in(entities: Iterable[GeneralNames]) -> list[str]:
    return [name.address for names in entities for name in names if name.address]
