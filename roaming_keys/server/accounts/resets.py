"""Resets of a forgotten passphrase: started by a mail login, finished by another mail login after a delay.

Each logged-in device can stop a reset that is not finished. The earlier account is kept for a while. A login with the
earlier account's passphrase or recovery code restores it (`server/replaced_accounts.py`). So a reset gives the operator
of the mail server no earlier keys, and the owner can get the account back. The new account asks for the same second
factors.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from roaming_keys.protocol.tickets import Ticket
from roaming_keys.server.accounts.store import Account, RecordChanged, SealedRecord, Store, account_of
from roaming_keys.server.audit import AuditEvent, AuditKind
from roaming_keys.server.database.tables import ACCOUNT, RECORD, RESET, RESTRICTION, USED
from roaming_keys.server.replaced_accounts import (
    delete_expired_accounts,
    end_access,
    find_replaced_account,
    has_expired_accounts,
    keep_account,
)
from roaming_keys.server.sessions import AccountDisabled, Caller, UsedBefore, aware

MIN_DELAY: Final = datetime.timedelta(hours=72)
# A reset that was started and forgotten must not be finished years later, by a thief of the mailbox.
FINISH_WITHIN: Final = datetime.timedelta(days=14)
_SWEEP_SECONDS: Final = 1.0
_USER, _NOW = "the_user", "now"
# Made once, because SQLAlchemy needs longer to make a statement than to run it.
_GOES_ON: Final = select(RESET).where(RESET.c.user == bindparam(_USER), RESET.c.ends > bindparam(_NOW))


class ResetNotReady(Exception):
    """The user has no reset that may be finished now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """A running reset. It may be finished between `ready` and `ends`. The times are aware."""

    started: datetime.datetime
    ready: datetime.datetime
    ends: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedReset:
    """A reset, and the version of the record that the new record has to follow."""

    reset: Reset
    version: int
    is_new: bool


class ResetStore:
    """The running resets, and the accounts that resets have replaced, in the database of `Store`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._database = store.database
        self._swept_at = 0.0

    def find_with_version(self, user: str, at: datetime.datetime) -> StartedReset | None:
        """Return the running reset of a user, and the version that the new record has to follow."""
        query = _GOES_ON.add_columns(RECORD.c.version).join(RECORD, RECORD.c.user == RESET.c.user)
        with self._database.reading() as rows:
            row = rows.execute(query, {_USER: user, _NOW: at.timestamp()}).first()
        return None if row is None else StartedReset(reset=_reset_of(row), version=int(row.version), is_new=False)

    def start(self, user: str, ticket: Ticket, delay: datetime.timedelta, at: datetime.datetime) -> StartedReset:
        """Start a reset and mark the ticket as used, or return the running reset.

        Raises NoSuchAccount, AccountDisabled or UsedBefore.
        """
        reset = Reset(started=at, ready=at + delay, ends=at + delay + FINISH_WITHIN)
        with self._database.transaction() as rows:
            version = self._lock(rows, user)
            running_reset = _find(rows, user, at)
            if running_reset is not None:
                # The ticket can still finish the reset, unless it has started this reset.
                _check_unused(rows, ticket)
                return StartedReset(reset=running_reset, version=version, is_new=False)
            rows.execute(delete(RESET).where(RESET.c.user == user))
            self._store.sessions.use_once(rows, f"ticket {ticket.id}", ticket.ends, at)
            times = {"started": at.timestamp(), "ready": reset.ready.timestamp(), "ends": reset.ends.timestamp()}
            rows.execute(insert(RESET).values(user=user, **times))
            self._note(rows, AuditKind.RESET_STARTED, user, at)
        return StartedReset(reset=reset, version=version, is_new=True)

    def stop(self, caller: Caller, at: datetime.datetime) -> bool:
        """Stop the reset of the caller's account. Returns whether a reset was running. Raises SessionEnded."""
        stopped = (
            delete(RESET).where(RESET.c.user == caller.user, RESET.c.ends > at.timestamp()).returning(RESET.c.user)
        )
        with self._store.sessions.locked(caller, at) as rows:
            if rows.execute(stopped).first() is None:
                return False
            self._note(rows, AuditKind.RESET_STOPPED, caller.user, at, note=f"device {caller.device}")
        return True

    def finish(self, account: Account, record: SealedRecord, ticket: Ticket, at: datetime.datetime) -> None:
        """Replace the account with a new account and its first record. A copy of the earlier account is kept.

        All sessions end, and all devices are forgotten. Raises NoSuchAccount, AccountDisabled, ResetNotReady,
        RecordChanged if the version of the record does not follow that of the earlier account, or UsedBefore.
        """
        user, now = account.user, at.timestamp()
        is_ready = RESET.c.user == user, RESET.c.ready <= now, RESET.c.ends > now
        with self._database.transaction() as rows:
            version = self._lock(rows, user)
            if rows.execute(delete(RESET).where(*is_ready).returning(RESET.c.user)).first() is None:
                raise ResetNotReady
            if record.version != version + 1:
                raise RecordChanged
            self._store.sessions.use_once(rows, f"ticket {ticket.id}", ticket.ends, at)
            keep_account(rows, self._store.keys, user, at)
            for table, values in (
                (ACCOUNT, self._store.account_columns(rows, account)),
                (RECORD, self._store.record_columns(rows, user, record)),
            ):
                rows.execute(update(table).where(table.c.user == user).values(**values))
            end_access(rows, user)
            self._note(rows, AuditKind.RESET_FINISHED, user, at)

    def find_replaced_account(self, user: str, at: datetime.datetime) -> Account | None:
        """Return the account of a user from before a reset."""
        with self._database.reading() as rows:
            row = find_replaced_account(rows, user, at)
        return None if row is None else account_of(row)

    def sweep(self, at: datetime.datetime) -> None:
        """Delete the replaced accounts and the resets whose time is over, at most once a second.

        If there are none, nothing is written. A sweep is also due after the clock was set back.
        """
        if abs(at.timestamp() - self._swept_at) < _SWEEP_SECONDS:
            return
        self._swept_at = at.timestamp()
        is_over = RESET.c.ends <= at.timestamp()
        with self._database.reading() as rows:
            if (
                not has_expired_accounts(rows, at)
                and rows.execute(select(RESET.c.user).where(is_over).limit(1)).first() is None
            ):
                return
        with self._database.transaction() as rows:
            delete_expired_accounts(rows, at)
            rows.execute(delete(RESET).where(is_over))
        self._database.erase_deleted()

    def _lock(self, rows: Connection, user: str) -> int:
        """Lock the account until the transaction ends. Returns the version of the record.

        Raises NoSuchAccount or AccountDisabled.
        """
        # All transactions of an account hold the master key before they lock the account.
        self._store.keys.hold(rows)
        self._store.sessions.lock_account(rows, user)
        is_disabled = RESTRICTION.c.user == user, RESTRICTION.c.disabled.is_not(None)
        if rows.execute(select(RESTRICTION.c.user).where(*is_disabled)).first() is not None:
            raise AccountDisabled
        return int(rows.execute(select(RECORD.c.version).where(RECORD.c.user == user)).scalar_one())

    def _note(self, rows: Connection, kind: AuditKind, user: str, at: datetime.datetime, *, note: str = "") -> None:
        self._store.trail.add(rows, AuditEvent(kind=kind, at=at, user=user, note=note))


def _find(rows: Connection, user: str, at: datetime.datetime) -> Reset | None:
    row = rows.execute(_GOES_ON, {_USER: user, _NOW: at.timestamp()}).first()
    return None if row is None else _reset_of(row)


def _reset_of(row: Row[Any]) -> Reset:
    return Reset(started=aware(row.started), ready=aware(row.ready), ends=aware(row.ends))


def _check_unused(rows: Connection, ticket: Ticket) -> None:
    if rows.execute(select(USED.c.value).where(USED.c.value == f"ticket {ticket.id}")).first() is not None:
        raise UsedBefore
