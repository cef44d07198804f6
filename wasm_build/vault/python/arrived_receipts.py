"""Signed receipts that arrive (RFC 2634 section 2.6). The page keeps the requests that they are compared with."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from dataclasses import dataclass
from typing import Final

from smime_core.cms import SignedLayer, find_cms, find_layer, parse_message
from smime_core.errors import SmimeError
from smime_core.ess import ID_CT_RECEIPT, parse_signed_receipt
from smime_core.mail import FieldProtection
from smime_core.message import verify_bytes
from smime_core.mime import Entity, from_addresses, read_date
from smime_core.policy import Policy
from smime_core.provider import CryptoProvider
from smime_core.report import MessageReport, Reason, State, reason, time_to_json
from smime_core.trust import Judging
from wasm_build.vault.python.receipts import any_match, find_message_id, receipt_id
from wasm_build.vault.python.replies import describe_headers, describe_reply, describe_verdict
from wasm_build.vault.python.requests import Reply, request_class

# The longest body in which a receipt is looked for. A receipt has about 5,000 bytes, mostly its certificates.
_MAX_RECEIPT_BYTES: Final = 200_000


@request_class
class GivenEarlier:
    """A receipt that arrived earlier for the same message."""

    address: str
    signature: str
    message_id: str


@request_class
class GivenSent:
    """A sent message that asked for receipts: values from `message.compose`, recipients, and receipts so far."""

    id: str
    digest: str
    to: tuple[str, ...]
    receipts: tuple[GivenEarlier, ...]


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
    if cms is None or not isinstance(layer, SignedLayer):
        return None
    data = layer.signed_data
    # Without a signer the CMS only carries certificates, and the mail is read like any other mail.
    return bytes(cms) if data.e_content_type == ID_CT_RECEIPT and data.signer_infos else None


def _may_be_receipt(entity: Entity) -> bool:
    # The header of most mails shows that they are no receipt.
    smime_type = entity.content_type.parameters.get("smime-type", "signed-receipt").lower()
    return smime_type == "signed-receipt" and len(entity.body) <= _MAX_RECEIPT_BYTES


async def verify_receipt_mail(
    message: bytes, cms: bytes, judging: Judging, provider: CryptoProvider, sent: GivenSent | None
) -> Reply:
    """Returns the reply of `message.verify` for a mail that is a receipt.

    The receipt is verified only if it is the first one from a recipient of the message `sent`. Without `sent` the
    receipt counts as a receipt for an unknown message.
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
        date=read_date(node.headers) if isinstance(node, Entity) else None,
        content=b"",
    )
    arrived = _read_arrived(cms, report, find_message_id(message))
    report = _with_doubt(report, _compare(arrived, sent))
    return {
        **describe_verdict(report),
        "text": b"",
        "passages": [],
        "attachments": [],
        "headers": describe_headers(report.headers),
        "parts": [],
        "reply": describe_reply(report),
        "harvest": None,
        "label": None,
        "receipt": _describe_arrived(arrived),
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


def _describe_arrived(arrived: _Arrived) -> dict[str, object]:
    return {
        "kind": "given",
        "id": arrived.id,
        "signature": arrived.signature,
        "messageId": arrived.message_id,
        "addresses": list(arrived.addresses),
        "name": arrived.name,
        "at": time_to_json(arrived.signing_time) if arrived.signing_time else "",
    }


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
        id=receipt_id(receipt.content),
        digest=receipt.msg_sig_digest.hex(),
        signature=hashlib.sha256(receipt.signer.signature).hexdigest(),
    )


def _compare(arrived: _Arrived, sent: GivenSent | None) -> tuple[State, Reason] | None:
    """The state and the reason of a receipt that proves nothing, or None for a receipt that counts (section 2.6)."""
    if sent is None or not arrived.id or sent.id != arrived.id:
        return State.SIGNED_UNVERIFIED, reason("receipt-unknown")
    if sent.digest != arrived.digest:
        return State.INVALID, reason("receipt-mismatch")
    if not any_match(arrived.addresses, sent.to):
        return State.SIGNED_UNVERIFIED, reason("receipt-not-recipient")
    if any(_is_repeated(arrived, earlier) for earlier in sent.receipts):
        return State.SIGNED_UNVERIFIED, reason("receipt-repeated")
    return None


def _is_repeated(arrived: _Arrived, earlier: GivenEarlier) -> bool:
    # The same mail may be opened again. A copy of the receipt in another mail counts as a second receipt.
    is_same_mail = (arrived.signature, arrived.message_id) == (earlier.signature, earlier.message_id)
    return any_match(arrived.addresses, [earlier.address]) and not is_same_mail


def _with_doubt(report: MessageReport, doubt: tuple[State, Reason] | None) -> MessageReport:
    if doubt is None:
        return report
    state, why = doubt
    worse = max(report.state, state, key=list(State).index)
    return dataclasses.replace(report, state=worse, reasons=(why, *report.reasons))


def _author_of(node: Entity | bytes) -> str | None:
    # If there are several authors, the result is "", which is no signer's address.
    mailboxes = from_addresses(node.headers) if isinstance(node, Entity) else ()
    has_field = isinstance(node, Entity) and bool(node.headers.find("From"))
    return (mailboxes[0].address if len(mailboxes) == 1 else "") if has_field else None
