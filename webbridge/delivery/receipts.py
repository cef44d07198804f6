"""Signed receipts of recipients with certificates (RFC 2634 section 2).

A receipt contains the signature of the manifest that it answers. The manifest is encrypted, so the bridge cannot
compare these signatures. The bridge checks four facts. (1) One signer directly signs a Receipt. (2) Its
signedContentIdentifier is the parcel's id. (3) The signer's certificate is one of the parcel's. (4) The signature
verifies. The sender gets the receipt, and compares the signatures.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import bindparam, select

from sealwax.service import Database
from sealwax.service.database import insert_into
from smime_core import SmimeError
from smime_core.cms import OctetsContent, find_signer_certificates, verify_signer
from smime_core.ess import ID_CT_RECEIPT, parse_receipt, parse_signed_receipt
from smime_core.providers.native import NativeProvider
from smime_core.text import addresses_match
from smime_core.x509 import Certificate
from webbridge.database.tables import PARCEL_EVENT, PARCEL_RECEIPT
from webbridge.delivery.fixed_error import FixedError
from webbridge.delivery.limits import FINGERPRINT_BYTES
from webbridge.delivery.notices.changes import tell_sender
from webbridge.delivery.parcels import Parcel, event_row
from webbridge.delivery.states import Event, SaidBy, State

_FIND: Final = (
    select(PARCEL_RECEIPT.c.cms)
    .where(PARCEL_RECEIPT.c.parcel == bindparam("of_id"))
    .order_by(PARCEL_RECEIPT.c.at, PARCEL_RECEIPT.c.signer)
)


class ReceiptRefused(
    FixedError, status=422, code="receipt-refused", text="This is no signed receipt of a recipient of the parcel."
):
    """The bytes are no receipt, or no recipient of this parcel has signed the receipt."""


class Receipts:
    """The receipts of one bridge's parcels."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._provider = NativeProvider()
        self._add = insert_into(database, PARCEL_RECEIPT).on_conflict_do_nothing()
        self._add_event = insert_into(database, PARCEL_EVENT).on_conflict_do_nothing()

    def take(self, parcel: Parcel, cms: bytes) -> None:
        """Check a receipt, keep it, and note that its signer has opened the parcel. Raises ReceiptRefused."""
        try:
            certificate = asyncio.run(self._verify(parcel, cms))
        except SmimeError:
            raise ReceiptRefused from None
        at = self._clock().timestamp()
        row: dict[str, Any] = {"parcel": parcel.id, "signer": sha256(certificate.der).digest(), "cms": cms, "at": at}
        event = Event(
            state=State.OPENED, said_by=SaidBy.RECIPIENT_SIGNED, at=at, recipient=_find_recipient(parcel, certificate)
        )
        with self._database.transaction() as rows:
            rows.execute(self._add, row)
            rows.execute(self._add_event, event_row(parcel.id, event))
            tell_sender(rows, [parcel.id], event)

    def find(self, parcel_id: str) -> list[bytes]:
        """Return the receipts for a parcel, the oldest first."""
        with self._database.reading() as rows:
            return [bytes(cms) for cms in rows.execute(_FIND, {"of_id": parcel_id}).scalars()]

    async def _verify(self, parcel: Parcel, cms: bytes) -> Certificate:
        # (1)
        receipt = parse_signed_receipt(cms)
        # (2)
        reference = parse_receipt(receipt.content)
        if not hmac.compare_digest(reference.signed_content_identifier, parcel.id.encode()):
            raise ReceiptRefused
        # (3)
        named = find_signer_certificates(receipt.signer, receipt.signed_data.certificates)
        certificate = next((candidate for candidate in named if _is_known(parcel, candidate)), None)
        if certificate is None:
            raise ReceiptRefused
        # (4)
        content = OctetsContent(receipt.content, self._provider)
        await verify_signer(receipt.signer, content, self._provider, certificate, ID_CT_RECEIPT)
        return certificate


def _is_known(parcel: Parcel, certificate: Certificate) -> bool:
    known, fingerprint = parcel.fingerprints, sha256(certificate.der).digest()
    return any(
        known[start : start + FINGERPRINT_BYTES] == fingerprint for start in range(0, len(known), FINGERPRINT_BYTES)
    )


def _find_recipient(parcel: Parcel, certificate: Certificate) -> str:
    """Return the recipient whose address the certificate has, or an empty text."""
    named = certificate.alternative_addresses
    return next(
        (
            recipient.address
            for recipient in parcel.recipients
            if any(addresses_match(recipient.address, name) for name in named)
        ),
        "",
    )
