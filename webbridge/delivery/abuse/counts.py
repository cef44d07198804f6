"""The operator's view of parcels: numbers for each domain of senders and in all, without content, names or ids."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, select

from sealwax.service import Database
from smime_core.text import address_key
from webbridge.database.tables import PARCEL, PARCEL_BLOCK, PARCEL_COMPLAINT, PARCEL_NOTICE
from webbridge.delivery.notices.outbox import PARCEL_KIND

_SINCE: Final = "since"
_STAGES: Final = (
    select(PARCEL.c.stage, func.count(), func.sum(PARCEL.c.total_bytes))
    .where(PARCEL.c.created_at > bindparam(_SINCE))
    .group_by(PARCEL.c.stage)
)
_SENDERS: Final = (
    select(PARCEL.c.sender, func.count()).where(PARCEL.c.created_at > bindparam(_SINCE)).group_by(PARCEL.c.sender)
)
_NOTICES: Final = (
    select(PARCEL_NOTICE.c.state, func.count())
    .where(PARCEL_NOTICE.c.kind == PARCEL_KIND)
    .group_by(PARCEL_NOTICE.c.state)
)
_COMPLAINTS: Final = (
    select(PARCEL_COMPLAINT.c.domain, PARCEL_COMPLAINT.c.reason, func.count())
    .where(PARCEL_COMPLAINT.c.at > bindparam(_SINCE))
    .group_by(PARCEL_COMPLAINT.c.domain, PARCEL_COMPLAINT.c.reason)
)
_BLOCKS: Final = select(PARCEL_BLOCK.c.kind, func.count()).group_by(PARCEL_BLOCK.c.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelCounts:
    """The numbers of parcels and complaints since a time, and of the notices and blocks that exist now.

    `senders` has the number of sending addresses for each domain. `complaints` are by domain of the sender and reason.
    """

    parcels: dict[str, int]
    total_bytes: int
    by_domain: dict[str, int]
    senders: dict[str, int]
    notices: dict[str, int]
    complaints: dict[tuple[str, str], int]
    blocks: dict[str, int]


def count_parcels(database: Database, since: datetime.datetime) -> ParcelCounts:
    """Return the numbers since a time. Raises DatabaseUnavailable."""
    place = {_SINCE: since.timestamp()}
    by_domain: Counter[str] = Counter()
    senders: Counter[str] = Counter()
    with database.reading() as rows:
        stages = rows.execute(_STAGES, place).all()
        for address, count in rows.execute(_SENDERS, place):
            domain = address_key(address)[1]
            by_domain[domain] += count
            senders[domain] += 1
        return ParcelCounts(
            parcels={stage: count for stage, count, _ in stages},
            total_bytes=sum(int(total) for _, _, total in stages),
            by_domain=dict(by_domain.most_common()),
            senders=dict(senders),
            notices=dict(rows.execute(_NOTICES).tuples().all()),
            complaints={(domain, reason): count for domain, reason, count in rows.execute(_COMPLAINTS, place)},
            blocks=dict(rows.execute(_BLOCKS).tuples().all()),
        )
