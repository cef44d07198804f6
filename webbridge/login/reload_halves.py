"""The bridge's halves of the keys with which the pages encrypt identities for a reload.

half = HKDF-SHA256(random 32 bytes ‖ cookie of the session)

A session has at most one half. Its random bytes are in the session's row, and are deleted with the row. The bridge
gives the half once, only to the session that asked for it, and only until the half was not used for its minutes. A
page's key also needs the page's own half, which never leaves the browser. So the bridge's half alone decrypts nothing.
And the row alone gives no half, because the cookie is needed too.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import ColumnElement, bindparam, select, update

from sealwax.service import Database, LeakyCounter
from webbridge.database.tables import SESSION, TABLES
from webbridge.login.sessions import Session

HALF_BYTES: Final = 32
WINDOW_SECONDS: Final = 60
# A tab in use makes three requests about its half in a minute, and a reload makes two.
MAX_PER_SESSION: Final = 30
_REFUSAL: Final = "This browser has asked too often. Wait a minute."
_LABEL: Final = b"sealwax reload half 1"
_NO_HALF: Final = {"reload_half": None, "reload_name": "", "reload_used_at": 0.0, "reload_seconds": 0}
_OF_SESSION = SESSION.c.id == bindparam("session_id")
_MAKE = update(SESSION).where(_OF_SESSION)
_FIND = select(SESSION.c.reload_half, SESSION.c.reload_name, SESSION.c.reload_used_at, SESSION.c.reload_seconds).where(
    _OF_SESSION
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenHalf:
    """A half that was given and deleted, and the seconds since its last use."""

    half: bytes
    age_seconds: int


class ReloadHalves:
    """Makes, gives and deletes the halves of one bridge."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._calls = LeakyCounter(
            database, clock, tables=TABLES, kind="reload-half", seconds=WINDOW_SECONDS, refusal=_REFUSAL
        )

    def count_call(self, session: Session) -> None:
        """Count one call of a session. Raises TryLater."""
        self._calls.start({session.id: MAX_PER_SESSION})

    def make(self, session: Session, cookie: str, *, name: str, minutes: int) -> bytes | None:
        """Make a half that replaces the session's earlier half. Return None if the session has ended meanwhile."""
        random = secrets.token_bytes(HALF_BYTES)
        columns = {
            "reload_half": random,
            "reload_name": name,
            "reload_used_at": self._now(),
            "reload_seconds": minutes * 60,
        }
        with self._database.transaction(durable=False) as rows:
            is_made = rows.execute(_MAKE.values(columns), {"session_id": session.id}).rowcount == 1
        self._database.erase_deleted()
        return _derive(random, cookie) if is_made else None

    def take(self, session: Session, cookie: str, *, name: str) -> TakenHalf | None:
        """Delete the half of this name and return it. Return None if it does not exist, or its minutes are over."""
        with self._database.transaction(durable=False) as rows:
            row = rows.execute(_FIND, {"session_id": session.id}).one_or_none()
            if row is None or row.reload_half is None or not secrets.compare_digest(row.reload_name, name):
                return None
            # One transaction reads and deletes the half, so that only one of two concurrent requests gets it.
            deletes = _MAKE.where(SESSION.c.reload_half == row.reload_half).values(_NO_HALF)
            is_first = rows.execute(deletes, {"session_id": session.id}).rowcount == 1
        self._database.erase_deleted()
        age_seconds = self._now() - row.reload_used_at
        if not is_first or age_seconds >= row.reload_seconds:
            return None
        return TakenHalf(half=_derive(bytes(row.reload_half), cookie), age_seconds=max(0, ceil(age_seconds)))

    def note_use(self, session: Session, *, name: str) -> bool:
        """Restart the minutes of the half of this name. Return False if it does not exist, or they are over."""
        at = self._now()
        is_kept = (SESSION.c.reload_half.is_not(None), SESSION.c.reload_name == name)
        is_in_time = SESSION.c.reload_used_at + SESSION.c.reload_seconds > at
        noting = update(SESSION).where(SESSION.c.id == session.id, *is_kept, is_in_time).values(reload_used_at=at)
        with self._database.transaction(durable=False) as rows:
            return rows.execute(noting).rowcount == 1

    def delete(self, session: Session) -> None:
        """Delete the session's half, if it has one."""
        self._delete_where(SESSION.c.id == session.id)

    def delete_overdue(self) -> None:
        """Delete the halves whose minutes are over."""
        self._delete_where(SESSION.c.reload_used_at + SESSION.c.reload_seconds <= self._now())

    def _delete_where(self, which: ColumnElement[bool]) -> None:
        deletes = update(SESSION).where(SESSION.c.reload_half.is_not(None), which).values(_NO_HALF)
        with self._database.transaction(durable=False) as rows:
            is_one = rows.execute(deletes).rowcount > 0
        if is_one:
            self._database.erase_deleted()

    def _now(self) -> float:
        return self._clock().timestamp()


def _derive(random: bytes, cookie: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=HALF_BYTES, salt=None, info=_LABEL).derive(random + cookie.encode())
