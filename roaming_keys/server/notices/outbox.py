"""The notices to owners of keys, written in the transactions of their events, so that none is lost."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, insert, select

from roaming_keys.server.audit import AuditEvent, AuditKind
from roaming_keys.server.database.tables import NOTICE
from sealwax.notices.outbox import Attempt, NoticeOutbox, Outcome, pending_values
from sealwax.service import Database

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
MOST_WAITING: Final = 20
"""The notices of one kind that wait for one account. An owner who gets so many learns nothing from another one."""
# Notices of one kind for one account are sent at intervals, so that many of them do not delay other notices.
_APART_SECONDS: Final = 60
_ID_BYTES: Final = 16
_USER, _KIND = "the_user", "the_kind"
_WRITE: Final = insert(NOTICE)
# This query needs no index, because the limit keeps the table small.
_ALIKE: Final = select(func.count()).where(NOTICE.c.user == bindparam(_USER), NOTICE.c.kind == bindparam(_KIND))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice to the owner of an account: what has happened to the account, and when (aware)."""

    address: str
    kind: AuditKind
    at: datetime.datetime


def write_notice(rows: Connection, event: AuditEvent) -> None:
    """Store the notice of an event inside the event's transaction, if owners are told of this kind of event by mail.

    If MOST_WAITING notices of its kind already wait for this account, none is added.
    """
    if not event.user or event.kind not in TOLD_BY_MAIL:
        return
    kind, at = event.kind.value, event.at.timestamp()
    alike = rows.execute(_ALIKE, {_USER: event.user, _KIND: kind}).scalar_one()
    if alike < MOST_WAITING:
        waiting = pending_values(at + alike * _APART_SECONDS)
        rows.execute(_WRITE, {"id": os.urandom(_ID_BYTES).hex(), "user": event.user, "kind": kind, "at": at, **waiting})


class OwnerOutbox(NoticeOutbox[Notice]):
    """The notices in the key server's database. A notice is deleted after it was sent, or if sending was given up."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, NOTICE, TOLD_BY_MAIL)

    def _read(self, rows: Connection, row: Row[Any]) -> Notice:
        at = datetime.datetime.fromtimestamp(row.at, datetime.UTC)
        return Notice(address=row.user, kind=AuditKind(row.kind), at=at)

    def _note_end(
        self, rows: Connection, attempt: Attempt[Notice], outcome: Outcome, at: datetime.datetime, code: str
    ) -> None:
        self._delete(rows, attempt)

    def _close(self, attempt: Attempt[Notice], outcome: Outcome, at: datetime.datetime, code: str = "") -> None:
        super()._close(attempt, outcome, at, code)
        # The account may have been deleted since.
        self._database.erase_deleted()
