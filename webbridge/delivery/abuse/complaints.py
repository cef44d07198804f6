"""Complaints of recipients. A few complaints from different networks about different parcels block the sender."""

from __future__ import annotations

import datetime
import secrets
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

from sqlalchemy import bindparam, delete, distinct, func, insert, select, update

from sealwax.service import Database
from smime_core.text import address_key, normalise_without_detail
from webbridge.database.tables import PARCEL, PARCEL_COMPLAINT
from webbridge.delivery.abuse.blocks import Block, BlockKind, BlockReason, add_block, is_blocked
from webbridge.delivery.notices.outbox import queue_change
from webbridge.delivery.notices.sender_mail import Change

HELD_AFTER: Final = 3
"""A sender is blocked after complaints about this many parcels from this many networks."""
COUNTED_FOR: Final = datetime.timedelta(days=30)
HELD_FOR: Final = datetime.timedelta(days=30)
KEPT_FOR: Final = datetime.timedelta(days=365)
_ID_BYTES: Final = 16
_PARCEL, _CLIENT, _SENDER, _SINCE = "the_parcel", "the_client", "the_sender", "since"
_FIND: Final = select(PARCEL.c.sender).where(PARCEL.c.id == bindparam(_PARCEL))
_ALIKE: Final = select(PARCEL_COMPLAINT.c.id).where(
    PARCEL_COMPLAINT.c.parcel == bindparam(_PARCEL), PARCEL_COMPLAINT.c.client == bindparam(_CLIENT)
)
_OPEN: Final = select(
    func.count(distinct(PARCEL_COMPLAINT.c.parcel)), func.count(distinct(PARCEL_COMPLAINT.c.client))
).where(
    PARCEL_COMPLAINT.c.sender == bindparam(_SENDER),
    PARCEL_COMPLAINT.c.settled_at == 0.0,
    PARCEL_COMPLAINT.c.at > bindparam(_SINCE),
)
_SWEEP: Final = delete(PARCEL_COMPLAINT).where(PARCEL_COMPLAINT.c.at < bindparam(_SINCE))
_SETTLE: Final = (
    update(PARCEL_COMPLAINT)
    .where(PARCEL_COMPLAINT.c.sender == bindparam(_SENDER), PARCEL_COMPLAINT.c.settled_at == 0.0)
    .values(settled_at=bindparam("settled"))
)


class ComplaintReason(StrEnum):
    """The reasons that a recipient may choose, as stable words. A complaint has no text of its own."""

    UNWANTED = "unwanted"
    DECEIT = "deceit"
    HARMFUL = "harmful"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A complaint about a parcel. Only a hash of `network`, the client's network, is kept."""

    parcel: str
    reason: ComplaintReason
    network: str


class Complaints:
    """The complaints in the database.

    Networks are hashed together with `secret`. A plain hash would reveal the network, because there are few networks.
    """

    def __init__(self, database: Database, secret: bytes) -> None:
        self._database = database
        self._secret = secret

    def take(self, complaint: Complaint, at: datetime.datetime) -> None:
        """Note a complaint, unless the parcel is unknown, or the client's network has complained about it before.

        This method returns nothing, so that the answer cannot reveal whether the parcel exists. Raises
        DatabaseUnavailable.
        """
        named = {_PARCEL: complaint.parcel, _CLIENT: self._hashed(complaint.network)}
        with self._database.transaction() as rows:
            rows.execute(_SWEEP, {_SINCE: (at - KEPT_FOR).timestamp()})
            sender = rows.execute(_FIND, named).scalar()
            if sender is None or rows.execute(_ALIKE, named).first() is not None:
                return
            # Addresses of one sender may differ in a detail (`+detail`), but they have the same mailbox.
            mailbox = normalise_without_detail(sender)
            row = {
                "id": secrets.token_hex(_ID_BYTES),
                "parcel": complaint.parcel,
                "sender": mailbox,
                "domain": address_key(sender)[1],
                "reason": complaint.reason.value,
                "client": named[_CLIENT],
                "at": at.timestamp(),
                "settled_at": 0.0,
            }
            rows.execute(insert(PARCEL_COMPLAINT), row)
            since = (at - COUNTED_FOR).timestamp()
            parcels, clients = rows.execute(_OPEN, {_SENDER: mailbox, _SINCE: since}).one()
            if min(parcels, clients) >= HELD_AFTER and not is_blocked(rows, sender, at):
                block = Block(
                    kind=BlockKind.SENDER,
                    name=mailbox,
                    reason=BlockReason.COMPLAINTS,
                    made_at=at,
                    ends_at=at + HELD_FOR,
                )
                add_block(rows, block)
                queue_change(rows, complaint.parcel, Change.HELD, sender=sender, at=at)

    def settle(self, sender: str, at: datetime.datetime) -> None:
        """Note that the operator has looked at the complaints about a sender. Raises DatabaseUnavailable."""
        with self._database.transaction() as rows:
            rows.execute(_SETTLE, {_SENDER: normalise_without_detail(sender), "settled": at.timestamp()})

    def _hashed(self, network: str) -> bytes:
        return sha256(b"sealwax parcel complaint 1\0" + self._secret + network.encode()).digest()
