"""The audit trail in the database: appends events in the transaction of the reported change, and reads them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, insert, select, text, update

from roaming_keys.server.audit.events import (
    NO_HASH,
    AuditEvent,
    AuditKind,
    Details,
    Entry,
    chained_bytes,
    commit,
    hash_event,
    write_ranges,
)
from roaming_keys.server.database.tables import AUDIT
from roaming_keys.server.master_key import Sealed, ServerKeys
from sealwax.service import Database

TellOwner = Callable[[Connection, AuditEvent], None]
"""Writes the notice about an event for the account's owner, inside the event's transaction."""
_PAGE: Final = 1_000
_LOCK_NUMBER: Final = 0x5EA1_A0D1  # The trail's number among the advisory locks of a PostgreSQL database.
# Made once, because SQLAlchemy needs longer to make a statement than to run it.
_LOCK: Final = text(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")
_IS_HEAD: Final = AUDIT.c.number == select(func.max(AUDIT.c.number)).scalar_subquery()
_HEAD: Final = select(AUDIT.c.number, AUDIT.c.hash).where(_IS_HEAD)
_APPEND: Final = insert(AUDIT)
_FORGET: Final = update(AUDIT).where(AUDIT.c.name == bindparam("whose")).values(name=None, sealed=None)
_AFTER: Final = select(AUDIT).where(AUDIT.c.number > bindparam("after")).order_by(AUDIT.c.number).limit(_PAGE)
_ONE: Final = select(AUDIT).where(AUDIT.c.number == bindparam("number"))


class AuditTrail:
    """Appends and reads events. Their details are encrypted, and the commitment proves that they are unchanged.

    `tell_owner` is called for each event, before the trail is locked.
    """

    def __init__(self, keys: ServerKeys, tell_owner: TellOwner | None = None) -> None:
        self._keys = keys
        self._tell_owner = tell_owner

    def begin(self, database: Database, at: datetime.datetime) -> Entry:
        """Append the first event, unless there is one, and return the latest."""
        while (head := find_head(database)) is None:
            with database.transaction() as rows:
                _wait_for_others(rows)
                if rows.execute(_HEAD).first() is None:
                    self.add(rows, AuditEvent(kind=AuditKind.TRAIL_BEGUN, at=at))
        return head

    def add(self, rows: Connection, event: AuditEvent) -> None:
        """Append an event inside a transaction. It must be the last statement that writes there.

        A transaction that appends waits here until the one before it has ended. If it changed other rows afterwards, it
        could wait for a row of a transaction that waits for it.
        """
        if self._tell_owner is not None:
            self._tell_owner(rows, event)
        at, encoded = int(event.at.timestamp()), event.details.encode()
        sealed = self._keys.seal_in(rows, Sealed.AUDIT_DETAILS, encoded, user="")
        _wait_for_others(rows)
        head = rows.execute(_HEAD).first()
        number, previous_hash = (head.number + 1, bytes(head.hash)) if head else (1, NO_HASH)
        commitment = commit(encoded)
        row = {
            "number": number,
            "at": at,
            "kind": event.kind.value,
            "commitment": commitment,
            "hash": hash_event(chained_bytes(previous_hash, number, at, event.kind.value, commitment)),
            "name": self._name(event.user) if event.user else None,
            "sealed": sealed,
        }
        rows.execute(_APPEND, row)

    def forget(self, rows: Connection, user: str, at: datetime.datetime, *, actor: str = "") -> None:
        """Delete the details of all events of a user, and append that an account was deleted.

        The new event has the numbers of those events, but not the user. So if an event has no details, and no such
        event has its number, then somebody has tampered with it. Like `add`, this must be the last write of its
        transaction.
        """
        self._keys.hold(rows)
        if self._tell_owner is not None:
            self._tell_owner(rows, AuditEvent(kind=AuditKind.ACCOUNT_DELETED, at=at, user=user))
        _wait_for_others(rows)
        forgotten = rows.execute(_FORGET.returning(AUDIT.c.number), {"whose": self._name(user)}).scalars()
        note = write_ranges(sorted(forgotten))
        self.add(rows, AuditEvent(kind=AuditKind.ACCOUNT_DELETED, at=at, actor=actor, note=note))

    def entries(
        self, database: Database, *, user: str = "", since: datetime.datetime | None = None, after: int = 0
    ) -> Iterator[Entry]:
        """Read the events in order, a page at a time: all, those of a user, since a time, or after a number."""
        query = _AFTER
        if user:
            query = query.where(AUDIT.c.name == self._name(user))
        if since is not None:
            query = query.where(AUDIT.c.at >= int(since.timestamp()))
        while True:
            with database.reading() as rows:
                page = rows.execute(query, {"after": after}).mappings().all()
            yield from map(_entry_of, page)
            if len(page) < _PAGE:
                return
            after = page[-1]["number"]

    def details_of(self, entry: Entry) -> Details | None:
        """Return the details of an event, or None if they were deleted.

        Raises ValueError if the details do not belong to the event, and ServerKeyError if they are damaged.
        """
        if entry.sealed is None:
            return None
        encoded = self._keys.unseal(Sealed.AUDIT_DETAILS, entry.sealed, user="")
        if commit(encoded) != entry.commitment:
            raise ValueError("its details are those of another event")
        details = Details.decode(encoded)
        if entry.name != (self._name(details.user) if details.user else None):
            raise ValueError("it is found under another account than its own")
        return details

    def _name(self, user: str) -> bytes:
        return self._keys.counter_name("audit", user)


def find_head(database: Database) -> Entry | None:
    """Return the latest event."""
    return _find(database, select(AUDIT).where(_IS_HEAD))


def find_entry(database: Database, number: int) -> Entry | None:
    """Return the event of a number."""
    return _find(database, _ONE, {"number": number})


def find_latest(database: Database, kind: AuditKind) -> Entry | None:
    """Return the latest event of a kind."""
    return _find(database, select(AUDIT).where(AUDIT.c.kind == kind.value).order_by(AUDIT.c.number.desc()).limit(1))


def _find(database: Database, query: Select[Any], parameters: Mapping[str, object] | None = None) -> Entry | None:
    with database.reading() as rows:
        row = rows.execute(query, parameters).mappings().first()
    return None if row is None else _entry_of(row)


def _wait_for_others(rows: Connection) -> None:
    """Lock the trail on PostgreSQL until the transaction ends. On SQLite, BEGIN IMMEDIATE locks the database."""
    if rows.dialect.name == "postgresql":
        rows.execute(_LOCK)


def _entry_of(row: RowMapping) -> Entry:
    name, sealed = row["name"], row["sealed"]
    return Entry(
        number=row["number"],
        at=row["at"],
        kind=row["kind"],
        commitment=bytes(row["commitment"]),
        hash=bytes(row["hash"]),
        name=None if name is None else bytes(name),
        sealed=None if sealed is None else bytes(sealed),
    )
