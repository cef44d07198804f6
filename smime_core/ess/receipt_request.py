"""Requests for signed receipts, and the choice whether to answer them (RFC 2634 sections 2.2, 2.3, 2.5 and 2.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.general_names import GeneralName, GeneralNames
from smime_core.cms.attributes import RECEIPT_REQUEST, Attributes, build_attribute, find_fields
from smime_core.cms.signer_info import SignerInfo
from smime_core.errors import MalformedMessage
from smime_core.ess.entities import build_entities, names_overlap, parse_entities
from smime_core.ess.mailing_list import ExpansionHistory, ReceiptPolicyKind

_MAX_RECEIPTS_TO: Final = 16  # ub-receiptsTo of RFC 2634


class AllOrFirstTier(IntEnum):
    """The recipients who are asked for a receipt if the request names none, numbered as in RFC 2634 section 2.7."""

    ALL_RECEIPTS = 0
    FIRST_TIER_RECIPIENTS = 1
    """The recipients who did not get the message through a mailing list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRequest:
    """A ReceiptRequest: `receipts_from` are the people who are asked, `receipts_to` the people who get the receipts.

    `signed_content_identifier` ties receipts to the message. `hints.new_content_identifier` makes such an identifier.
    """

    signed_content_identifier: bytes
    receipts_from: AllOrFirstTier | tuple[GeneralNames, ...]
    receipts_to: tuple[GeneralNames, ...]


def parse_receipt_request(attributes: Attributes) -> ReceiptRequest | None:
    """Parse the receiptRequest attribute, or return None if it is absent. Raises MalformedMessage or LimitExceeded."""
    where = "receiptRequest"
    fields = find_fields(attributes, RECEIPT_REQUEST, where, 3)
    if fields is None:
        return None
    receipts_to = parse_entities(der.expect(fields[2], der.SEQUENCE, where="receiptsTo"), where="receiptsTo")
    _check_receipts_to(receipts_to)
    return ReceiptRequest(
        signed_content_identifier=bytes(der.expect(fields[0], der.OCTET_STRING, where).content),
        receipts_from=_parse_receipts_from(fields[1]),
        receipts_to=receipts_to,
    )


def build_receipt_request(request: ReceiptRequest) -> bytes:
    """DER of a receiptRequest attribute. All signers with this attribute need the same one. Raises MalformedMessage."""
    _check_receipts_to(request.receipts_to)
    if isinstance(request.receipts_from, AllOrFirstTier):
        receipts_from = der.element(0x80, bytes([request.receipts_from]))
    else:
        receipts_from = build_entities(request.receipts_from, tag=0xA1)
    value = der.sequence(
        der.octet_string(request.signed_content_identifier), receipts_from, build_entities(request.receipts_to)
    )
    return build_attribute(RECEIPT_REQUEST, value)


def find_receipt_request(verified: Sequence[SignerInfo]) -> tuple[ReceiptRequest, SignerInfo] | None:
    """Returns (request, its signer) of a SignedData, or None. `verified` are the signers with verified signatures.

    RFC 2634 section 2.3. Raises MalformedMessage if the signers' requests differ; then no receipt may be sent.
    """
    asking = [signer for signer in verified if RECEIPT_REQUEST in signer.attributes]
    if len({signer.attributes[RECEIPT_REQUEST] for signer in asking}) > 1:
        raise MalformedMessage("the signers ask for different receipts", where="receiptRequest")
    for signer in asking:
        request = parse_receipt_request(signer.attributes)
        if request is not None:
            return request, signer
    return None


def receipt_recipients(
    request: ReceiptRequest, *, own_names: Sequence[GeneralName], history: ExpansionHistory | None
) -> tuple[GeneralNames, ...]:
    """The recipients of our receipt; empty if we may not give a receipt (RFC 2634 sections 2.3 and 2.5).

    `history` is the expansion history of the outermost SignedData. The policy of the last mailing list overrides the
    originator's request.
    """
    policy = history[-1].receipt_policy if history else None
    if policy is not None and policy.kind is ReceiptPolicyKind.NONE:
        return ()
    if not _is_asked(request.receipts_from, own_names, through_mailing_list=bool(history)):
        return ()
    if policy is None:
        return request.receipts_to
    if policy.kind is ReceiptPolicyKind.INSTEAD_OF:
        return policy.entities
    return (*request.receipts_to, *policy.entities)


def _is_asked(
    receipts_from: AllOrFirstTier | tuple[GeneralNames, ...],
    own_names: Sequence[GeneralName],
    *,
    through_mailing_list: bool,
) -> bool:
    if isinstance(receipts_from, AllOrFirstTier):
        return receipts_from is AllOrFirstTier.ALL_RECEIPTS or not through_mailing_list
    return names_overlap(own_names, receipts_from)


def _parse_receipts_from(tlv: Tlv) -> AllOrFirstTier | tuple[GeneralNames, ...]:
    where = "receiptsFrom"
    if tlv.tag == 0xA1:
        return parse_entities(tlv, where)
    content = bytes(der.expect(tlv, 0x80, where).content[:2])
    if content not in (b"\0", b"\1"):
        raise MalformedMessage("allOrFirstTier is neither 0 nor 1", where)
    return AllOrFirstTier(content[0])


def _check_receipts_to(receipts_to: Sequence[GeneralNames]) -> None:
    if not 1 <= len(receipts_to) <= _MAX_RECEIPTS_TO:
        raise MalformedMessage(f"{len(receipts_to)} entities, expected 1 to {_MAX_RECEIPTS_TO}", where="receiptsTo")
