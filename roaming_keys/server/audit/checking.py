"""Check the audit trail: its chain of hashes from the first event on, and the timestamps that prove its past.

Anybody who can write to the database can compute new hashes, so the chain alone finds only mistakes. Four rules about
the timestamps find rewritten events, even if the attacker has the master key and gets new timestamps:

(1) Each timestamp is of the event that it names, and was made by the authority.
(2) The event that holds a timestamp has the time at which the timestamp was made.
(3) Each event was covered by a timestamp within STAMPED_WITHIN of its time, and not before its time.
(4) The first timestamp was made within STAMPED_WITHIN of the time that the settings name. Events from before that time
may have waited longer for a timestamp. They may also be later than an early timestamp that covers them, if a clock was
ahead.

An attacker who rewrites an event has to remove the timestamps that cover it, and new timestamps come too late for (3).
If the rewritten events claim to be recent, then the event that holds the last timestamp before them is missing, or was
covered too late. If no earlier timestamp is left, (4) finds the attack.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from sqlalchemy import false, select

from roaming_keys.server.audit.events import NO_HASH, AuditKind, Entry, hash_event, read_ranges
from roaming_keys.server.audit.stamping import CLOCKS_DIFFER, Stamp, content_of, verify_stamp
from roaming_keys.server.audit.trail import AuditTrail, find_entry
from roaming_keys.server.database.tables import AUDIT
from roaming_keys.server.master_key import ServerKeyError
from sealwax.service import Database
from smime_core.errors import SmimeError
from smime_core.timestamp import Timestamp
from smime_core.x509 import Certificate

STAMPED_WITHIN: Final = datetime.timedelta(hours=48)
"""One daily timestamp may fail. The events of the latest STAMPED_WITHIN can be rewritten unnoticed."""

_HOURS: Final = STAMPED_WITHIN // datetime.timedelta(hours=1)


class TrailDamaged(Exception):
    """The trail is not as it was written. `number` is the number of the first event that does not fit."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(f"event {number}: {text}")
        self.number = number


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A chain whose hashes and details fit: its latest event, and the events with timestamps."""

    head: Entry | None
    stamps: tuple[tuple[Entry, Stamp], ...]


def check_chain(trail: AuditTrail, database: Database) -> Chain:
    """Check each event's number, hash and details. Raises TrailDamaged."""
    head: Entry | None = None
    stamps: list[tuple[Entry, Stamp]] = []
    without_details: set[int] = set()
    for number, entry in enumerate(trail.entries(database), start=1):
        if entry.number != number:
            raise TrailDamaged(number, f"it is missing: the next one has the number {entry.number}")
        if hash_event(entry.chained(NO_HASH if head is None else head.hash)) != entry.hash:
            raise TrailDamaged(number, "its hash is not that of its content and of the event before it")
        try:
            # Reading the time checks that it is valid, because later code shows it.
            _ = entry.time
            details = trail.details_of(entry)
            if details is None:
                without_details.add(number)
            elif entry.kind == AuditKind.HEAD_STAMPED:
                stamps.append((entry, Stamp.read(details)))
            elif entry.kind == AuditKind.ACCOUNT_DELETED:
                without_details.difference_update(*map(without_details.intersection, read_ranges(details.note)))
        except (ServerKeyError, ValueError, SmimeError) as error:
            raise TrailDamaged(number, str(error)) from None
        head = entry
    if without_details:
        raise TrailDamaged(min(without_details), "its details were deleted, and no deletion of an account names it")
    return Chain(head=head, stamps=tuple(stamps))


def check_stamps(
    chain: Chain,
    database: Database,
    anchors: tuple[Certificate, ...],
    *,
    at: datetime.datetime,
    since: datetime.datetime,
) -> Timestamp | None:
    """Check the timestamps of a chain with the four rules, and return the latest. `since` is the time of rule (4).

    Each timestamp is verified at the time of the next timestamp, which covers it, and the latest timestamp at `at`. So
    timestamps stay valid after the authority's certificate has expired. Raises TrailDamaged.
    """
    covered, latest = 0, None
    times = [stamp.token.info.gen_time for _, stamp in chain.stamps]
    for (entry, stamp), until in zip(chain.stamps, [*times, at][1:], strict=True):
        timestamp = _check_stamp(entry, stamp, database, anchors, until, covered)
        if latest is None:
            _check_first(timestamp.latest, since)
        _check_times(database, covered, stamp.covers, timestamp.latest, since)
        covered, latest = max(covered, stamp.covers), timestamp
    if latest is None:
        _check_first(at, since)
    if chain.head is not None:
        _check_times(database, covered, chain.head.number, at, since)
    return latest


def _check_stamp(
    entry: Entry,
    stamp: Stamp,
    database: Database,
    anchors: tuple[Certificate, ...],
    until: datetime.datetime,
    covered: int,
) -> Timestamp:
    """Check (1) and (2)."""
    stamped = find_entry(database, stamp.covers)
    if stamped is None or stamped.number >= entry.number:
        raise TrailDamaged(entry.number, f"its timestamp is of event {stamp.covers}, which is not before it")
    try:
        timestamp = verify_stamp(stamp, content_of(database, stamped), anchors, at=until)
    except SmimeError as error:
        made = f"the timestamp in event {entry.number}, of {_shown(stamp.token.info.gen_time)},"
        text = f"{made} does not hold for the events {covered + 1} to {stamp.covers}: {error.code}: {error}"
        raise TrailDamaged(covered + 1, text) from None
    if abs(entry.time - timestamp.time) > CLOCKS_DIFFER:
        text = f"it claims to be of {_shown(entry.time)}, but its timestamp is of {_shown(timestamp.time)}"
        raise TrailDamaged(entry.number, text)
    return timestamp


def _check_times(
    database: Database, covered: int, number: int, stamped: datetime.datetime, since: datetime.datetime
) -> None:
    """Check (3): no event after `covered`, up to `number`, may have waited too long for its timestamp."""
    earliest, latest = stamped - STAMPED_WITHIN, stamped + CLOCKS_DIFFER
    # The times of events are in whole seconds.
    is_wrong = AUDIT.c.at > int(latest.timestamp()) if since <= stamped else false()
    if since < earliest:
        is_wrong |= AUDIT.c.at < int(earliest.timestamp())
    query = select(AUDIT.c.number, AUDIT.c.at).where(AUDIT.c.number > covered, AUDIT.c.number <= number, is_wrong)
    with database.reading() as rows:
        row = rows.execute(query.order_by(AUDIT.c.number).limit(1)).first()
    if row is None:
        return
    time = datetime.datetime.fromtimestamp(row.at, datetime.UTC)
    if time > stamped:
        raise TrailDamaged(row.number, f"it claims to be of {_shown(time)}, after {_shown(stamped)}, when it was there")
    raise TrailDamaged(
        row.number, f"it is of {_shown(time)}, and no timestamp of the {_HOURS} hours after that covers it"
    )


def _check_first(stamped: datetime.datetime, since: datetime.datetime) -> None:
    """Check (4)."""
    if stamped > since + STAMPED_WITHIN:
        raise TrailDamaged(1, f"no timestamp of the {_HOURS} hours after {_shown(since)} covers it")


def _shown(time: datetime.datetime) -> str:
    return f"{time.astimezone(datetime.UTC):%Y-%m-%d %H:%M}"
