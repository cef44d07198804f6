"""The key server's sessions and devices. A session belongs to one login, and a device to its token."""

from __future__ import annotations

import datetime
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, Row

from roaming_keys.protocol.messages.accounts import MAX_DEVICES
from roaming_keys.protocol.messages.factors import FactorDemand
from roaming_keys.server.audit import AuditEvent, AuditKind, AuditTrail
from roaming_keys.server.master_key import Sealed, ServerKeys
from roaming_keys.server.replaced_accounts import lock_replaced_account, restore_account
from roaming_keys.server.sessions import statements as statements
from roaming_keys.server.sessions.gate import FactorGate
from roaming_keys.server.sessions.new_session import NewSession, RightLogin, StartedSession, TakeBack, UsedBefore
from roaming_keys.server.sessions.statements import (
    DEVICE_ID,
    KEY,
    LATEST,
    MOST,
    NOW,
    NUMBER,
    USER,
    SessionStatements,
)
from sealwax.service import CLOCK_SLACK_SECONDS, Database, ServiceError

LIFETIME: Final = datetime.timedelta(hours=1)
MAX_SESSIONS: Final = 20
FORGET_DEVICE_AFTER: Final = datetime.timedelta(days=400)
_ID_BYTES: Final = 16
_KEPT_AFTER_END: Final = datetime.timedelta(days=1)
_SWEEP_SECONDS: Final = 1.0


class SessionEnded(ServiceError):
    """The session of a call has ended: status 401."""

    def __init__(self) -> None:
        super().__init__(401, "login-ended", "Log in again.")


class NoSuchAccount(Exception):
    """The account was deleted meanwhile, or has other login keys."""


class AccountDisabled(Exception):
    """An administrator has disabled the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The session that has signed a call. `started` is the time of its login."""

    session_key: bytes
    user: str
    device: str
    started: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDevice:
    """A device of an account, with its name sealed by the server. The times are in UTC."""

    id: str
    sealed_name: bytes
    created: datetime.datetime
    latest: datetime.datetime


class SessionStore:
    """Sessions and devices, in the key server's database."""

    def __init__(self, database: Database, keys: ServerKeys, trail: AuditTrail) -> None:
        self._database = database
        self._keys = keys
        self._statements = SessionStatements(database)
        self._trail = trail
        self._gate = FactorGate(database, keys)
        self._swept_at = 0.0

    def start(self, new: NewSession, at: datetime.datetime, take_back: TakeBack) -> StartedSession | FactorDemand:
        """Start a session and return it, or the demand for a factor if the account has a second factor.

        Raises UsedBefore if the nonce or the key was used before, NoSuchAccount or AccountDisabled.
        """
        with self._database.transaction(durable=new.method.is_undo) as rows:
            # All transactions of an account hold the master key before they lock the account.
            new = replace(new, sealed_name=self._keys.renew(rows, Sealed.DEVICE_NAME, new.sealed_name, new.user))
            account = self.lock_account_for(rows, new, at)
            # The login may have waited for this lock while another transaction replaced the key that had verified the
            # login.
            self._check_login_key(account, new)
            hindrances = rows.execute(statements.HINDRANCES, {USER: new.user}).one()
            if hindrances.is_disabled:
                raise AccountDisabled
            self.use_once(rows, f"nonce {new.nonce.hex()}", new.nonce_ends, at)
            has_factor = hindrances.has_kept_factor if new.method.is_undo else hindrances.has_factor
            if not has_factor:
                return self.begin(rows, new, at, take_back)
            demand = self._gate.hold_back(rows, new, at)
            take_back(rows)
            return demand

    def begin(
        self,
        rows: Connection,
        login: RightLogin,
        at: datetime.datetime,
        take_back: TakeBack,
        *,
        counter: int = 0,
        factor: str = "",
    ) -> StartedSession:
        """Begin the session of a login that needs no further factor, and return it.

        This must be the last write of the transaction. An account from before a reset is restored only here, after its
        second factors were proved. The caller has locked the account. `counter` is the number of the latest call, and
        `factor` the id of the factor that was used. Raises UsedBefore if the key was used before, or NoSuchAccount.
        """
        ends, now = at + LIFETIME, at.timestamp()
        if login.method.is_undo:
            restore_account(rows, self._keys, self.lock_account_for(rows, login, at))
        device, is_new = self._remember_device(rows, login, at)
        session = {"key": login.key, "user": login.user, "device": device, "counter": counter}
        times = {"started": now, "ends": ends.timestamp()}
        counted = {USER: login.user, MOST: MAX_SESSIONS}
        started = rows.execute(self._statements.start, session | times | counted).first()
        if started is None:
            raise UsedBefore
        if started.has_many:
            rows.execute(statements.DROP_SESSIONS, {USER: login.user, KEY: login.key, MOST: MAX_SESSIONS - 1})
        # The record is read while the account is locked. So a session that another call is ending gets no record from
        # after its end.
        row = rows.execute(statements.RECORD_AND_RESET, {USER: login.user, NOW: now}).first()
        if row is None:
            raise NoSuchAccount
        # The counters are locked last, so that no transaction waits for rows of accounts while it has locked counters.
        take_back(rows)
        for kind, note in _events_of(login, device, is_new=is_new, factor=factor):
            self._trail.add(rows, AuditEvent(kind=kind, at=at, user=login.user, note=note))
        reset_ready = None if row.ready is None else int(row.ready)
        return StartedSession(ends=ends, sealed_record=bytes(row.sealed), reset_ready=reset_ready)

    def find(self, key: bytes, at: datetime.datetime) -> Caller | None:
        """Return the session whose calls this public key verifies, unless it has ended."""
        with self._database.reading() as rows:
            return _find(rows, key, at)

    @contextmanager
    def locked(self, caller: Caller, at: datetime.datetime) -> Iterator[Connection]:
        """A transaction that has locked the account of a call, as `lock_account_of` does. Raises SessionEnded."""
        with self._database.transaction() as rows:
            self.lock_account_of(rows, caller, at)
            yield rows

    def lock_account_of(self, rows: Connection, caller: Caller, at: datetime.datetime) -> None:
        """Lock the account of a call, and check again that the call's session has not ended.

        Each transaction that changes an account for a call does this first. While it waits for the lock, another
        transaction may end the session. Raises SessionEnded.
        """
        # All transactions of an account hold the master key before they lock the account.
        self._keys.hold(rows)
        is_locked = rows.execute(statements.LOCK_ACCOUNT, {USER: caller.user}).first() is not None
        if not is_locked or _find(rows, caller.session_key, at) != caller:
            raise SessionEnded

    def end_others(self, caller: Caller, at: datetime.datetime) -> None:
        """End all other sessions of the account of a call. Raises SessionEnded."""
        with self.locked(caller, at) as rows:
            self.end_others_in(rows, caller)

    def end_others_in(self, rows: Connection, caller: Caller) -> None:
        """End all other sessions and logins that wait, in a transaction that has locked the account of a call."""
        rows.execute(statements.END_OTHERS, {USER: caller.user, KEY: caller.session_key})
        rows.execute(statements.END_WAITING, {USER: caller.user})

    def count(self, key: bytes, number: int) -> None:
        """Store the counter of a call. Raises UsedBefore if it is not larger than the one before."""
        with self._database.transaction(durable=False) as rows:
            if rows.execute(statements.COUNT, {KEY: key, NUMBER: number}).first() is None:
                raise UsedBefore

    def devices(self, user: str) -> list[StoredDevice]:
        """Return the devices of a user, the latest first."""
        with self._database.reading() as rows:
            device_rows = rows.execute(statements.DEVICES, {USER: user}).all()
        return [
            StoredDevice(
                id=row.id,
                sealed_name=bytes(row.sealed_name),
                created=aware(row.created),
                latest=aware(row.latest),
            )
            for row in device_rows
        ]

    def use_once(self, rows: Connection, value: str, ends: datetime.datetime, at: datetime.datetime) -> None:
        """Store that a value, which is valid until `ends`, was used. Raises UsedBefore if it was used before."""
        self._sweep(rows, at)
        if rows.execute(self._statements.use, {"value": value, "ends": ends.timestamp()}).first() is None:
            raise UsedBefore

    def _sweep(self, rows: Connection, at: datetime.datetime) -> None:
        """Delete ended sessions and values, at most once a second, and also after the clock was set back."""
        now = at.timestamp()
        if abs(now - self._swept_at) < _SWEEP_SECONDS:
            return
        self._swept_at = now
        # Used values are kept a little longer, because the clock of another process may be behind.
        rows.execute(statements.FORGET_USED, {NOW: (at - _KEPT_AFTER_END).timestamp()})
        # Sessions that began while a clock was far ahead are deleted too.
        rows.execute(statements.END_SESSIONS, {NOW: now, LATEST: now + CLOCK_SLACK_SECONDS + LIFETIME.total_seconds()})

    def lock_account(self, rows: Connection, user: str) -> Row[Any, Any]:
        """Lock the account until the transaction ends, and return the account's login keys. Raises NoSuchAccount.

        Each transaction that changes several rows of an account locks the account first, so that no two of them wait
        for each other's rows. On SQLite, BEGIN IMMEDIATE takes the lock.
        """
        account = rows.execute(statements.LOCK_ACCOUNT, {USER: user}).first()
        if account is None:
            raise NoSuchAccount
        return account

    def lock_account_or_replaced(self, rows: Connection, user: str, at: datetime.datetime) -> None:
        """Lock the account of a user, or the replaced account if the account after a reset was deleted.

        Administrators can act on both. Raises NoSuchAccount.
        """
        if lock_replaced_account(rows, user, at) is None:
            self.lock_account(rows, user)

    def lock_account_for(self, rows: Connection, login: RightLogin, at: datetime.datetime) -> Row[Any, Any]:
        """Lock the account of a login, or the replaced account to undo a reset. Return it. Raises NoSuchAccount."""
        if not login.method.is_undo:
            return self.lock_account(rows, login.user)
        account = lock_replaced_account(rows, login.user, at)
        if account is None:
            raise NoSuchAccount
        return account

    def _check_login_key(self, account: Row[Any, Any], new: NewSession) -> None:
        """Check that the account still has the key that verified a login. Raises NoSuchAccount."""
        sealed = account.sealed_login_key if new.method.is_by_passphrase else account.sealed_recovery_key
        # The decrypted keys are compared, because a new master key seals the same login key differently.
        stored = sealed and self._keys.unseal(Sealed.LOGIN_KEY, bytes(sealed), new.user)
        if not stored or not hmac.compare_digest(stored, new.login_key):
            raise NoSuchAccount

    def _remember_device(self, rows: Connection, login: RightLogin, at: datetime.datetime) -> tuple[str, bool]:
        """Store the device of a login. Return its id, and whether this is its first login."""
        now, new = at.timestamp(), os.urandom(_ID_BYTES).hex()
        device = {"id": new, "user": login.user, "token": login.token_hash}
        times = {"sealed_name": login.sealed_name, "created": now, "latest": now, "of_earlier_keys": 0}
        of_user = {USER: login.user, NOW: (at - FORGET_DEVICE_AFTER).timestamp()}
        row = rows.execute(self._statements.remember, device | times | of_user | {MOST: MAX_DEVICES}).one()
        if row.has_some_to_drop:
            rows.execute(statements.DROP_DEVICES, {DEVICE_ID: row.id, **of_user, MOST: MAX_DEVICES - 1})
        return row.id, row.id == new


class StorePart:
    """A part of the store of accounts: the same database, keys, audit trail and sessions."""

    def __init__(self, database: Database, keys: ServerKeys, trail: AuditTrail, sessions: SessionStore) -> None:
        self._database = database
        self._keys = keys
        self._trail = trail
        self._sessions = sessions


def _events_of(login: RightLogin, device: str, *, is_new: bool, factor: str) -> Iterator[tuple[AuditKind, str]]:
    """Return the events that a login adds to the audit trail: their kinds and notes."""
    if login.method.is_undo:
        yield AuditKind.RESET_UNDONE, ""
    kind = AuditKind.LOGGED_IN if login.method.is_by_passphrase else AuditKind.RECOVERED
    yield kind, f"device {device}" + (f", factor {factor}" if factor else "")
    if is_new:
        yield AuditKind.DEVICE_ADDED, f"device {device}"


def _find(rows: Connection, key: bytes, at: datetime.datetime) -> Caller | None:
    row = rows.execute(statements.FIND, {KEY: key, NOW: at.timestamp()}).first()
    return row and Caller(session_key=key, user=row.user, device=row.device, started=aware(row.started))


def aware(seconds: float) -> datetime.datetime:
    """Return the time in UTC of a number of seconds since 1970."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
