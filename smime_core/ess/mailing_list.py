"""The history of mailing lists that expanded a message, which stops loops between lists (RFC 2634 section 4)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from smime_core.asn1 import der
from smime_core.asn1.der import Tlv
from smime_core.asn1.general_names import GeneralNames
from smime_core.cms.attributes import ML_EXPANSION_HISTORY, Attributes, build_attribute, find_fields
from smime_core.cms.certificate_id import CertificateId, IssuerAndSerial, KeyIdentifier, parse_issuer_and_serial
from smime_core.cms.signer_info import SignerInfo
from smime_core.errors import MalformedMessage
from smime_core.ess.entities import build_entities, parse_entities
from smime_core.limits import MAX_ML_EXPANSIONS, check_limit
from smime_core.x509.certificate import Certificate, parse_time


class ReceiptPolicyKind(IntEnum):
    """The choices of MLReceiptPolicy. The numbers are their tags."""

    NONE = 0
    """Recipients send no receipts, whatever the originator asked for."""
    INSTEAD_OF = 1
    IN_ADDITION_TO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPolicy:
    """A mailing list's policy on receipts.

    `entities` get the receipts instead of the entities that the originator named, or in addition to them.
    """

    kind: ReceiptPolicyKind
    entities: tuple[GeneralNames, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """One MLData: the expansion of a message by one mailing list.

    Without a receipt policy, the originator's request for receipts stays in force.
    """

    mail_list: CertificateId
    expansion_time: datetime.datetime
    receipt_policy: ReceiptPolicy | None = None


ExpansionHistory = tuple[Expansion, ...]
"""The expansions of a message, oldest first; never empty."""


def parse_expansion_history(attributes: Attributes) -> ExpansionHistory | None:
    """Parse the mlExpansionHistory attribute; None if no list expanded the message. Raises MalformedMessage."""
    where = "mlExpansionHistory"
    members = find_fields(attributes, ML_EXPANSION_HISTORY, where)
    if members is None:
        return None
    check_limit("mailing list expansions", len(members), MAX_ML_EXPANSIONS)
    if not members:
        raise MalformedMessage("an empty history, which would have to be absent", where)
    return tuple(_parse_expansion(member) for member in members)


def find_expansion_history(verified: Sequence[SignerInfo]) -> ExpansionHistory | None:
    """The history of a SignedData, from the signers whose signatures were verified (RFC 2634 section 4.1).

    Signers without a history are ignored. Raises MalformedMessage if histories differ; the message must then not be
    processed further.
    """
    values = {s.attributes[ML_EXPANSION_HISTORY] for s in verified if ML_EXPANSION_HISTORY in s.attributes}
    if len(values) > 1:
        raise MalformedMessage("the signers give different histories", where="mlExpansionHistory")
    histories = (parse_expansion_history(signer.attributes) for signer in verified)
    return next((history for history in histories if history is not None), None)


def has_expanded(history: ExpansionHistory | None, mail_list: Certificate) -> bool:
    """Whether this mailing list has already expanded the message: a loop (RFC 2634 section 4.1.1)."""
    return any(expansion.mail_list.matches(mail_list) for expansion in history or ())


def build_expansion_history(history: ExpansionHistory | None, expansion: Expansion) -> bytes:
    """DER of the attribute with one expansion added at its end. Raises MalformedMessage or LimitExceeded."""
    expansions = (*(history or ()), expansion)
    check_limit("mailing list expansions", len(expansions), MAX_ML_EXPANSIONS)
    return build_attribute(ML_EXPANSION_HISTORY, der.sequence(*map(_build_expansion, expansions)))


def _parse_expansion(tlv: Tlv) -> Expansion:
    fields = der.read_fields(tlv, "MLData", 2, 3)
    der.expect(fields[1], 0x18, where="expansionTime")
    return Expansion(
        mail_list=_parse_entity(fields[0]),
        expansion_time=parse_time(fields[1], where="expansionTime"),
        receipt_policy=_parse_policy(fields[2]) if len(fields) == 3 else None,
    )


def _parse_entity(tlv: Tlv) -> CertificateId:
    # EntityIdentifier: the key identifier is a bare OCTET STRING, unlike in a SignerIdentifier.
    if tlv.tag == der.OCTET_STRING:
        return KeyIdentifier(value=bytes(tlv.content))
    return parse_issuer_and_serial(tlv, where="mailListIdentifier")


def _parse_policy(tlv: Tlv) -> ReceiptPolicy:
    where = "mlReceiptPolicy"
    if bytes(tlv.encoded) == b"\x80\x00":
        return ReceiptPolicy(kind=ReceiptPolicyKind.NONE)
    if tlv.tag not in (0xA1, 0xA2):
        raise MalformedMessage(f"found tag 0x{tlv.tag:02x}, expected none, insteadOf or inAdditionTo", where)
    entities = parse_entities(tlv, where)
    if not entities:
        raise MalformedMessage("names nobody", where)
    return ReceiptPolicy(kind=ReceiptPolicyKind(tlv.tag & 0x1F), entities=entities)


def _build_expansion(expansion: Expansion) -> bytes:
    time = expansion.expansion_time.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%SZ").encode("ascii")
    policy = b"" if expansion.receipt_policy is None else _build_policy(expansion.receipt_policy)
    return der.sequence(_build_entity(expansion.mail_list), der.element(0x18, time), policy)


def _build_entity(mail_list: CertificateId) -> bytes:
    if isinstance(mail_list, IssuerAndSerial):
        return der.sequence(mail_list.issuer_der, der.integer(mail_list.serial_number))
    return der.octet_string(mail_list.value)


def _build_policy(policy: ReceiptPolicy) -> bytes:
    if (policy.kind is ReceiptPolicyKind.NONE) == bool(policy.entities):
        raise MalformedMessage("names people but asks for no receipts, or the reverse", where="mlReceiptPolicy")
    if policy.kind is ReceiptPolicyKind.NONE:
        return b"\x80\x00"
    return build_entities(policy.entities, tag=0xA0 | policy.kind)
