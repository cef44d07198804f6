"""The queue of a service's notices. A row is added in the transaction of the reported event, so no notice is lost.

A notice is `pending` until the line that ends its mail is about to be sent, and `sending` from then on. The owner of a
notice is the process that sends it. Each step is one UPDATE that names the owner. So a process that has lost a notice
to another process cannot end its mail. If the owner of a `sending` notice is dead, the mail was perhaps sent. It is
sent once more with the same Message-ID, and the notice ends as `perhaps-twice`.
"""

from __future__ import annotations

import datetime
import secrets
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, Protocol, TypeVar

from sqlalchemy import Column, Connection, Row, Table, Text, and_, bindparam, delete, or_, select, update

from sealwax.service import CLOCK_SLACK_SECONDS, Database
from sealwax.service.columns import INSTANT, LONG

FIRST_PAUSE_SECONDS: Final = 60
LONGEST_PAUSE_SECONDS: Final = 4 * 60 * 60
TAKEN_SECONDS: Final = 5 * 60
"""Longer than one try takes. If a process ends during a try, another process sends the notice after this time."""
OPEN_STATES: Final = ("pending", "sending")
_ID_BYTES: Final = 12
_OWNER_BYTES: Final = 12
_NOW, _AHEAD, _UNTIL, _OWNER, _NEW_ID = "now", "ahead", "until", "the_owner", "new_id"
_STATE, _CODE = "new_state", "new_code"


class Outcome(StrEnum):
    """The final states of a notice, as they are written in the table."""

    SENT = "sent"
    PERHAPS_TWICE = "perhaps-twice"
    FAILED = "failed"


class NotOurs(Exception):
    """Another process sends this notice now, or the service has deleted it."""


class Addressed(Protocol):
    """A notice in the form that its service uses."""

    @property
    def address(self) -> str:
        """The address to which the mail is sent."""


N = TypeVar("N", bound=Addressed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Generic[N]):
    """One try to send a notice, and its number `tries`. `is_repeated` means that the mail was perhaps sent already.

    `key` has the parameters that name the row. `id` is the left part of the Message-ID. `begun_at` is the time of the
    first try.
    """

    notice: N
    key: Mapping[str, str]
    id: str
    begun_at: datetime.datetime
    tries: int
    owner: str
    is_repeated: bool

    @property
    def owned(self) -> dict[str, str]:
        """The parameters that name the row while this owner has it."""
        return {**self.key, _OWNER: self.owner}


def pause_seconds(tries: int) -> int:
    """Return the pause after a number of tries (RFC 5321 section 4.5.4.1)."""
    return min(FIRST_PAUSE_SECONDS << min(max(tries, 1) - 1, 10), LONGEST_PAUSE_SECONDS)


def queue_columns() -> tuple[Column[Any], ...]:
    """Return the columns that a table of notices has in addition to its key and its `kind`."""
    return (
        # The Message-ID. It is set before the first try, and empty until then.
        Column("message_id", Text, nullable=False),
        # pending, sending, sent, perhaps-twice or failed.
        Column("state", Text, nullable=False),
        Column("tries", LONG, nullable=False),
        # The time of the next try. While the notice is being sent, the time at which its process counts as dead.
        Column("next_at", INSTANT, nullable=False),
        # The process that sends the notice, or empty.
        Column("owner", Text, nullable=False),
        # The stable code of the last refusal, or empty.
        Column("code", Text, nullable=False),
    )


def pending_values(next_at: float) -> dict[str, Any]:
    """Return the values of `queue_columns` for a notice that is first tried at `next_at`, in seconds since 1970."""
    return {"message_id": "", "state": "pending", "tries": 0, "next_at": next_at, "owner": "", "code": ""}


class _Steps:
    """The statements on one table."""

    def __init__(self, table: Table, kinds: Collection[str]) -> None:
        key = tuple(table.primary_key.columns)
        is_named = and_(*(column == bindparam(_parameter(column)) for column in key))
        is_mine = and_(is_named, table.c.owner == bindparam(_OWNER), table.c.state.in_(OPEN_STATES))
        is_due = and_(
            # Only a newer version of the service knows other kinds, and sends notices of these kinds.
            table.c.kind.in_(kinds),
            table.c.state.in_(OPEN_STATES),
            # A time that is further ahead than any pause was written with a wrong clock, so the notice is due.
            or_(table.c.next_at <= bindparam(_NOW), table.c.next_at > bindparam(_AHEAD)),
        )
        self.key = key
        self.any_due = select(*key).where(is_due).limit(1)
        # On PostgreSQL, each process takes a different notice. On SQLite, BEGIN IMMEDIATE locks the database.
        self.first_due = self.any_due.order_by(table.c.next_at).with_for_update(skip_locked=True)
        taken = {"next_at": bindparam(_UNTIL), "owner": bindparam(_OWNER), "tries": table.c.tries + 1}
        self.take = update(table).where(is_named).values(taken).returning(table)
        self.name = update(table).where(is_named, table.c.message_id == "").values(message_id=bindparam(_NEW_ID))
        self.will_end = update(table).where(is_mine).values(state="sending", next_at=bindparam(_UNTIL))
        left = {"state": bindparam(_STATE), "owner": "", "code": bindparam(_CODE)}
        self.close = update(table).where(is_mine).values(left)
        self.postpone = update(table).where(is_mine).values({**left, "next_at": bindparam(_UNTIL)})
        self.drop = delete(table).where(is_named)


class NoticeOutbox(ABC, Generic[N]):
    """The notices in one table. Several processes send them, and each takes a different notice.

    `kinds` are the kinds of notices that this version of the service knows.
    """

    def __init__(self, database: Database, table: Table, kinds: Collection[str]) -> None:
        self._database = database
        self._steps = _Steps(table, kinds)

    @abstractmethod
    def _read(self, rows: Connection, row: Row[Any]) -> N:
        """Return the notice of a row, inside the transaction that takes it."""

    @abstractmethod
    def _note_end(
        self, rows: Connection, attempt: Attempt[N], outcome: Outcome, at: datetime.datetime, code: str
    ) -> None:
        """Record the end of a notice in the service's tables, inside the transaction that ends the notice."""

    def take(self, at: datetime.datetime) -> Attempt[N] | None:
        """Return a notice that is due, or None. Nobody else takes this notice for a while.

        Nothing is written if no notice is due. Raises DatabaseUnavailable.
        """
        now = at.timestamp()
        times = {_NOW: now, _AHEAD: now + LONGEST_PAUSE_SECONDS + CLOCK_SLACK_SECONDS}
        with self._database.reading() as rows:
            if rows.execute(self._steps.any_due, times).first() is None:
                return None
        with self._database.transaction() as rows:
            due = rows.execute(self._steps.first_due, times).first()
            if due is None:
                return None
            key = {_parameter(column): getattr(due, column.name) for column in self._steps.key}
            # The time of the first try is the Date of each mail, and is part of the id.
            rows.execute(self._steps.name, {**key, _NEW_ID: f"{int(now)}.{secrets.token_hex(_ID_BYTES)}"})
            taken = {**key, _UNTIL: now + TAKEN_SECONDS, _OWNER: secrets.token_hex(_OWNER_BYTES)}
            row = rows.execute(self._steps.take, taken).one()
            return Attempt(
                notice=self._read(rows, row),
                key=key,
                id=row.message_id,
                begun_at=datetime.datetime.fromtimestamp(int(row.message_id.partition(".")[0]), datetime.UTC),
                tries=row.tries,
                owner=row.owner,
                is_repeated=row.state == "sending",
            )

    def will_end(self, attempt: Attempt[N], at: datetime.datetime) -> None:
        """Record that the next line to be sent ends the mail. Raises NotOurs or DatabaseUnavailable."""
        with self._database.transaction() as rows:
            step = rows.execute(self._steps.will_end, {**attempt.owned, _UNTIL: at.timestamp() + TAKEN_SECONDS})
            if step.rowcount != 1:
                raise NotOurs

    def end(self, attempt: Attempt[N], at: datetime.datetime) -> None:
        """Record that the mail server has accepted the mail. Raises DatabaseUnavailable."""
        self._close(attempt, Outcome.PERHAPS_TWICE if attempt.is_repeated else Outcome.SENT, at)

    def fail(self, attempt: Attempt[N], at: datetime.datetime, code: str) -> None:
        """Record that the notice will never be sent. Raises DatabaseUnavailable."""
        self._close(attempt, Outcome.FAILED, at, code)

    def postpone(self, attempt: Attempt[N], at: datetime.datetime, *, code: str = "", is_ending: bool = False) -> None:
        """Let a notice wait, longer after each try. `is_ending` means that the mail was perhaps sent.

        Raises DatabaseUnavailable.
        """
        state = "sending" if is_ending or attempt.is_repeated else "pending"
        due = at.timestamp() + pause_seconds(attempt.tries)
        with self._database.transaction() as rows:
            rows.execute(self._steps.postpone, {**attempt.owned, _STATE: state, _UNTIL: due, _CODE: code})

    def drop(self, attempt: Attempt[N]) -> None:
        """Delete a notice that has nothing to report any more. Raises DatabaseUnavailable."""
        with self._database.transaction() as rows:
            self._delete(rows, attempt)

    def _delete(self, rows: Connection, attempt: Attempt[N]) -> None:
        rows.execute(self._steps.drop, attempt.key)

    def _close(self, attempt: Attempt[N], outcome: Outcome, at: datetime.datetime, code: str = "") -> None:
        with self._database.transaction() as rows:
            step = rows.execute(self._steps.close, {**attempt.owned, _STATE: outcome.value, _CODE: code})
            if step.rowcount == 1:
                self._note_end(rows, attempt, outcome, at, code)


def _parameter(column: Column[Any]) -> str:
    return f"key_{column.name}"
