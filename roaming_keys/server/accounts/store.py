"""The key server's store: accounts and their records."""

from __future__ import annotations

import datetime
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, literal, outerjoin, select, update

from roaming_keys.protocol.key_account import LoginMethod
from roaming_keys.protocol.messages.accounts import KeyRecord, LoginKeys, Parameters
from roaming_keys.protocol.tickets import Ticket
from roaming_keys.server.accounts.factors import FactorStore
from roaming_keys.server.accounts.groups import GroupStore
from roaming_keys.server.audit import AuditEvent, AuditKind, AuditTrail
from roaming_keys.server.audit.trail import TellOwner
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.group_rows import delete_groups_of, delete_groups_since
from roaming_keys.server.database.tables import (
    ACCOUNT,
    DEVICE,
    EARLIER_ACCOUNT,
    FACTOR,
    RECORD,
    RECOVERY_APPROVAL,
    RECOVERY_CASE,
    RECOVERY_COPY,
    RESET,
    RESTRICTION,
    SESSION,
    WAITING_LOGIN,
)
from roaming_keys.server.master_key import KeyRing, Sealed, ServerKeys, check_bound_key
from roaming_keys.server.replaced_accounts import delete_replaced_account, find_reset_time
from roaming_keys.server.sessions import Caller, SessionStore, UsedBefore
from sealwax.service.database import insert_into

_TABLES_OF_ACCOUNTS: Final = (
    ACCOUNT,
    SESSION,
    WAITING_LOGIN,
    FACTOR,
    DEVICE,
    RECORD,
    RECOVERY_APPROVAL,
    RECOVERY_CASE,
    RECOVERY_COPY,
    RESET,
    RESTRICTION,
)
# Made once, because SQLAlchemy needs longer to make a statement than to run it.
_USER, _KEY, _TOKEN = "the_user", "the_key", "the_token"
_ACCOUNT: Final = select(ACCOUNT).where(ACCOUNT.c.user == bindparam(_USER))
# The statement makes two searches and returns one row for every user. So the time does not reveal who is registered.
_ONE_ROW: Final = select(literal(1)).subquery("one_row")
_DEVICE: Final = select(DEVICE.c.id).where(
    DEVICE.c.user == bindparam(_USER), DEVICE.c.token == bindparam(_TOKEN), DEVICE.c.of_earlier_keys == 0
)
_ACCOUNT_AND_DEVICE: Final = select(ACCOUNT, _DEVICE.scalar_subquery().label("device")).select_from(
    outerjoin(_ONE_ROW, ACCOUNT, ACCOUNT.c.user == bindparam(_USER))
)
_OF_RECORD: Final = select(RECORD.c.bundle_id, RECORD.c.version, RECORD.c.sealed)
_RECORD: Final = _OF_RECORD.where(RECORD.c.user == bindparam(_USER))
_RECORD_OF_SESSION: Final = _OF_RECORD.where(RECORD.c.user == SESSION.c.user, SESSION.c.key == bindparam(_KEY))


class AccountExists(Exception):
    """The user is registered already."""


class RecordChanged(Exception):
    """The stored record is not the record from which the new one was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One user: the parameters for stretching the passphrase, and the public keys that log in, sealed by the server."""

    user: str
    parameters: Parameters
    sealed_login_key: bytes
    sealed_recovery_key: bytes | None = None

    @classmethod
    def sealed_by(cls, keys: ServerKeys, user: str, login_keys: LoginKeys) -> Account:
        recovery_key = login_keys.recovery_key
        return cls(
            user=user,
            parameters=login_keys.parameters,
            sealed_login_key=keys.seal(Sealed.LOGIN_KEY, login_keys.login_key, user),
            sealed_recovery_key=None if recovery_key is None else keys.seal(Sealed.LOGIN_KEY, recovery_key, user),
        )

    def sealed_key_for(self, method: LoginMethod) -> bytes | None:
        """Return the sealed public key that verifies logins of this kind."""
        return self.sealed_login_key if method.is_by_passphrase else self.sealed_recovery_key


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRecord:
    """The record of one user, sealed by the server."""

    bundle_id: str
    version: int
    sealed: bytes

    @classmethod
    def sealed_by(cls, keys: ServerKeys, user: str, record: KeyRecord) -> SealedRecord:
        sealed = keys.seal(Sealed.RECORD, record.to_json(), user)
        return cls(bundle_id=record.bundle_id, version=record.version, sealed=sealed)


class Store:
    """The accounts and records in one database, and the server's keys for this database.

    Each change of an account has its event in the audit trail of the same database.
    """

    def __init__(self, url: str | Path, ring: KeyRing, tell_owner: TellOwner | None = None) -> None:
        """`tell_owner` is for the audit trail. Raises ServerKeyError if the ring lacks the database's master key."""
        check_bound_key(url, ring)
        self.database = SCHEMA.open(url)
        try:
            self.keys = ServerKeys.open(self.database, ring)
        except BaseException:
            self.close()
            raise
        self.trail = AuditTrail(self.keys, tell_owner)
        self.sessions = SessionStore(self.database, self.keys, self.trail)
        self.factors = FactorStore(self.database, self.keys, self.trail, self.sessions)
        self.groups = GroupStore(self.database, self.keys, self.trail, self.sessions)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def is_usable(self) -> bool:
        """Return whether the database answers and has the tables of this program. Raises DatabaseUnavailable."""
        return SCHEMA.is_usable(self.database)

    def find_account(self, user: str) -> Account | None:
        """Return the account of a user, or None."""
        with self.database.reading() as rows:
            row = rows.execute(_ACCOUNT, {_USER: user}).first()
        return None if row is None else account_of(row)

    def find_account_and_device(self, user: str, token_hash: bytes) -> tuple[Account | None, bool]:
        """Return the account of a user, and whether the user has logged in on the device with this token.

        Logins from before the account's keys changed do not count, because a thief may have made them.
        """
        with self.database.reading() as rows:
            row = rows.execute(_ACCOUNT_AND_DEVICE, {_USER: user, _TOKEN: token_hash}).one()
        return None if row.user is None else account_of(row), row.device is not None

    def find_record(self, user: str) -> SealedRecord | None:
        """Return the record of a user; None if the account was deleted."""
        with self.database.reading() as rows:
            return _find_record(rows, _RECORD, {_USER: user})

    def find_record_of(self, session_key: bytes) -> SealedRecord | None:
        """Return the record of the account of a session; None if the session was ended or the account deleted.

        One statement reads the session and the record. So a session that another call is ending gets no record from
        after its end.
        """
        with self.database.reading() as rows:
            return _find_record(rows, _RECORD_OF_SESSION, {_KEY: session_key})

    def add_account(self, account: Account, record: SealedRecord, ticket: Ticket, at: datetime.datetime) -> None:
        """Store an account and its first record, and mark the ticket as used. Raises AccountExists or UsedBefore.

        An account from before protocol 2 is deleted.
        """
        with self.database.transaction() as rows:
            # Checked first, so that a used ticket is reported as used although its account exists.
            self.sessions.use_once(rows, f"ticket {ticket.id}", ticket.ends, at)
            self.insert_account(rows, account, record)
            self.trail.add(rows, AuditEvent(kind=AuditKind.REGISTERED, at=at, user=account.user))

    def insert_account(self, rows: Connection, account: Account, record: SealedRecord) -> None:
        """Store an account and its first record in a transaction. Raises AccountExists."""
        added = (
            insert_into(rows, ACCOUNT)
            .values(user=account.user, **self.account_columns(rows, account))
            .on_conflict_do_nothing(index_elements=["user"])
        )
        if rows.execute(added.returning(ACCOUNT.c.user)).first() is None:
            raise AccountExists
        rows.execute(insert(RECORD).values(user=account.user, **self.record_columns(rows, account.user, record)))
        rows.execute(delete(EARLIER_ACCOUNT).where(EARLIER_ACCOUNT.c.user == account.user))

    def note_second_use(self, ticket: Ticket, user: str, at: datetime.datetime) -> None:
        """Append to the audit trail that a ticket was used again. Each ticket is reported only once."""
        with suppress(UsedBefore), self.database.transaction() as rows:
            self.sessions.use_once(rows, f"refused ticket {ticket.id}", ticket.ends, at)
            self.trail.add(rows, AuditEvent(kind=AuditKind.TICKET_REFUSED, at=at, user=user))

    def replace_record(self, caller: Caller, record: SealedRecord, at: datetime.datetime) -> None:
        """Store the next record under the same key. Raises RecordChanged or SessionEnded."""
        with self.sessions.locked(caller, at) as rows:
            self._replace_record(rows, caller.user, record, bundle_id=record.bundle_id)
            note = f"version {record.version}"
            self.trail.add(rows, AuditEvent(kind=AuditKind.BUNDLE_STORED, at=at, user=caller.user, note=note))

    def rotate(
        self,
        caller: Caller,
        account: Account,
        record: SealedRecord,
        before: str,
        revoked: list[str],
        at: datetime.datetime,
    ) -> None:
        """Store new login keys, and the next record under a new key, which replaces the key with the id `before`.

        All other sessions end, and the devices with the ids `revoked` are deleted. Raises RecordChanged or
        SessionEnded.
        """
        with self.sessions.locked(caller, at) as rows:
            rows.execute(
                update(ACCOUNT).where(ACCOUNT.c.user == account.user).values(**self.account_columns(rows, account))
            )
            self._replace_record(rows, account.user, record, bundle_id=before)
            self.sessions.end_others_in(rows, caller)
            is_revoked = DEVICE.c.user == account.user, DEVICE.c.id.in_(revoked), DEVICE.c.id != caller.device
            is_other = DEVICE.c.user == account.user, DEVICE.c.id != caller.device
            rows.execute(update(DEVICE).where(*is_other).values(of_earlier_keys=1))
            forgotten = rows.execute(delete(DEVICE).where(*is_revoked).returning(DEVICE.c.id)).scalars().all()
            event = AuditEvent(kind=AuditKind.KEYS_ROTATED, at=at, user=account.user, note=f"version {record.version}")
            self.trail.add(rows, event)
            for device in forgotten:
                event = AuditEvent(kind=AuditKind.DEVICE_REVOKED, at=at, user=account.user, note=f"device {device}")
                self.trail.add(rows, event)

    def note_export(self, caller: Caller, at: datetime.datetime) -> None:
        """Append to the audit trail that a device saves the keys to a file. Raises SessionEnded."""
        with self.sessions.locked(caller, at) as rows:
            self.trail.add(
                rows, AuditEvent(kind=AuditKind.KEYS_EXPORTED, at=at, user=caller.user, note=f"device {caller.device}")
            )

    def delete_account(self, caller: Caller, at: datetime.datetime) -> None:
        """Delete the account of a call. Raises SessionEnded.

        The account from before a reset stays until its time is over. Otherwise somebody who has taken over the
        mailbox could delete it.
        """
        with self.sessions.locked(caller, at) as rows:
            self._delete(rows, caller.user, at)
        self.database.erase_deleted()

    def delete_account_of(self, user: str, at: datetime.datetime, *, actor: str) -> None:
        """Delete all that the server has of a user. Raises NoSuchAccount."""
        with self.database.transaction() as rows:
            self.keys.hold(rows)
            self.sessions.lock_account_or_replaced(rows, user, at)
            delete_replaced_account(rows, user)
            self._delete(rows, user, at, actor=actor)
        self.database.erase_deleted()

    def _delete(self, rows: Connection, user: str, at: datetime.datetime, *, actor: str = "") -> None:
        reset = find_reset_time(rows, user, at)
        if reset is None:
            delete_groups_of(rows, user)
        else:
            delete_groups_since(rows, user, reset)
        for table in _TABLES_OF_ACCOUNTS:
            rows.execute(delete(table).where(table.c.user == user))
        self.trail.forget(rows, user, at, actor=actor)

    def _replace_record(self, rows: Connection, user: str, record: SealedRecord, *, bundle_id: str) -> None:
        is_before = (RECORD.c.user == user, RECORD.c.version == record.version - 1, RECORD.c.bundle_id == bundle_id)
        replaced = update(RECORD).where(*is_before).values(**self.record_columns(rows, user, record))
        if rows.execute(replaced.returning(RECORD.c.user)).first() is None:
            raise RecordChanged

    def record_columns(self, rows: Connection, user: str, record: SealedRecord) -> dict[str, Any]:
        """Return the values of a row of the table, sealed under the master key in force."""
        sealed = self.keys.renew(rows, Sealed.RECORD, record.sealed, user)
        return {"bundle_id": record.bundle_id, "version": record.version, "sealed": sealed}

    def account_columns(self, rows: Connection, account: Account) -> dict[str, Any]:
        """Return the values of a row of the table, sealed under the master key in force."""
        cost, user = account.parameters, account.user
        recovery_key = account.sealed_recovery_key
        if recovery_key is not None:
            recovery_key = self.keys.renew(rows, Sealed.LOGIN_KEY, recovery_key, user)
        return {
            "salt": cost.salt,
            "memory_kib": cost.memory_kib,
            "passes": cost.passes,
            "lanes": cost.lanes,
            "sealed_login_key": self.keys.renew(rows, Sealed.LOGIN_KEY, account.sealed_login_key, user),
            "sealed_recovery_key": recovery_key,
        }


def account_of(row: Row[*tuple[Any, ...]]) -> Account:
    """Return the account from a row that has the columns of the table `ACCOUNT`."""
    return Account(
        user=row.user,
        parameters=Parameters(salt=bytes(row.salt), memory_kib=row.memory_kib, passes=row.passes, lanes=row.lanes),
        sealed_login_key=bytes(row.sealed_login_key),
        sealed_recovery_key=None if row.sealed_recovery_key is None else bytes(row.sealed_recovery_key),
    )


def _find_record(rows: Connection, query: Select[Any], values: dict[str, object]) -> SealedRecord | None:
    row = rows.execute(query, values).first()
    if row is None:
        return None
    return SealedRecord(bundle_id=row.bundle_id, version=row.version, sealed=bytes(row.sealed))
