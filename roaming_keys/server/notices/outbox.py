"""The notices that wait to be sent, written in the transactions of their events, so that none is lost."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from roaming_keys.server.audit import AuditEvent, AuditKind
from roaming_keys.server.database.tables import NOTICE
from sealwax.notices.pauses import LONGEST_PAUSE_SECONDS, TAKEN_SECONDS, pause_seconds
from sealwax.service import CLOCK_SLACK_SECONDS, Database

TOLD_BY_MAIL: Final = frozenset(
    {
        AuditKind.DEVICE_ADDED,
        AuditKind.KEYS_EXPORTED,
        AuditKind.KEYS_ROTATED,
        AuditKind.RECOVERED,
        AuditKind.FACTOR_ADDED,
        AuditKind.FACTOR_REMOVED,
        AuditKind.RESET_STARTED,
        AuditKind.RESET_STOPPED,
        AuditKind.RESET_FINISHED,
        AuditKind.RESET_UNDONE,
        AuditKind.RECOVERY_ASKED,
        AuditKind.RECOVERY_OPENED,
        AuditKind.ACCOUNT_DELETED,
    }
)
"""The events that the owner of an account learns by mail."""
GIVEN_UP_AFTER: Final = datetime.timedelta(days=3)
MOST_WAITING: Final = 20
"""The notices of one kind that wait for one account. An owner who gets so many learns nothing from another one."""
# Notices of one kind for one account are sent at intervals, so that a flood of them lets others pass.
_APART_SECONDS: Final = 60
_ID_BYTES: Final = 16
_NOW, _AHEAD, _TAKEN, _ID, _USER, _KIND = "now", "ahead", "taken", "the_id", "the_user", "the_kind"
# A notice whose time is further ahead than any wait was written while the clock was wrong.
_IS_DUE: Final = or_(NOTICE.c.due <= bindparam(_NOW), NOTICE.c.due > bindparam(_AHEAD))
_ANY_DUE: Final = select(NOTICE.c.id).where(_IS_DUE).limit(1)
_TAKE: Final = (
    update(NOTICE)
    # On PostgreSQL, each process takes another notice. On SQLite, BEGIN IMMEDIATE takes the lock.
    .where(NOTICE.c.id == _ANY_DUE.order_by(NOTICE.c.due).with_for_update(skip_locked=True).scalar_subquery())
    .values(due=bindparam(_TAKEN), tries=NOTICE.c.tries + 1)
    .returning(NOTICE)
)
_WRITE: Final = insert(NOTICE)
# No index is needed, because the limit keeps the table small.
_ALIKE: Final = select(func.count()).where(NOTICE.c.user == bindparam(_USER), NOTICE.c.kind == bindparam(_KIND))
_DROP: Final = delete(NOTICE).where(NOTICE.c.id == bindparam(_ID))
_POSTPONE: Final = update(NOTICE).where(NOTICE.c.id == bindparam(_ID)).values(due=bindparam(_TAKEN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice that is tried for the `tries`-th time: the account, what has happened to it, and when (aware).

    `kind` is the value of an AuditKind, perhaps of a newer version.
    """

    id: str
    user: str
    kind: str
    at: datetime.datetime
    tries: int


def write_notice(rows: Connection, event: AuditEvent) -> None:
    """Write the notice of an event inside its transaction, if the owner of an account learns it by mail.

    If MOST_WAITING of its kind wait already for this account, none is added.
    """
    if not event.user or event.kind not in TOLD_BY_MAIL:
        return
    kind, at = event.kind.value, event.at.timestamp()
    alike = rows.execute(_ALIKE, {_USER: event.user, _KIND: kind}).scalar_one()
    if alike < MOST_WAITING:
        times = {"at": at, "due": at + alike * _APART_SECONDS, "tries": 0}
        rows.execute(_WRITE, {"id": os.urandom(_ID_BYTES).hex(), "user": event.user, "kind": kind, **times})


class Outbox:
    """The notices in the database, for several processes that send them. Each takes different notices."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, at: datetime.datetime) -> Notice | None:
        """Return a notice that is due, which nobody else takes for a while, or None.

        Nothing is written if none is due. Raises DatabaseUnavailable.
        """
        now = at.timestamp()
        times = {_NOW: now, _AHEAD: now + LONGEST_PAUSE_SECONDS + CLOCK_SLACK_SECONDS}
        with self._database.reading() as rows:
            if rows.execute(_ANY_DUE, times).first() is None:
                return None
        with self._database.transaction() as rows:
            row = rows.execute(_TAKE, {**times, _TAKEN: now + TAKEN_SECONDS}).first()
        if row is None:
            return None
        since = datetime.datetime.fromtimestamp(row.at, datetime.UTC)
        return Notice(id=row.id, user=row.user, kind=row.kind, at=since, tries=row.tries)

    def drop(self, notice: Notice) -> None:
        """Delete a notice that was sent, or that nobody will ever send. Raises DatabaseUnavailable."""
        with self._database.transaction() as rows:
            rows.execute(_DROP, {_ID: notice.id})
        # The account may have been deleted meanwhile.
        self._database.erase_deleted()

    def postpone(self, notice: Notice, at: datetime.datetime) -> None:
        """Let a notice wait, longer after each try. Raises DatabaseUnavailable."""
        due = at.timestamp() + pause_seconds(notice.tries)
        with self._database.transaction() as rows:
            rows.execute(_POSTPONE, {_ID: notice.id, _TAKEN: due})
