"""The second factors in the key server's database: adding, removing, and the logins that prove a factor."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from roaming_keys.protocol.key_account import LoginMethod
from roaming_keys.protocol.messages.factors import MAX_FACTORS, AssertionProof, CodeProof
from roaming_keys.server.audit import AuditEvent, AuditKind
from roaming_keys.server.database.tables import FACTOR, KEPT_FACTOR, WAITING_LOGIN
from roaming_keys.server.factors.kept import (
    KeptFactor,
    Means,
    SharedSecret,
    kind_of,
    knows_device,
    read_factors,
    remember_use,
    write_content,
)
from roaming_keys.server.factors.security_keys import FactorRefused, SecurityKey, check_assertion
from roaming_keys.server.factors.totp import find_step
from roaming_keys.server.master_key import Sealed
from roaming_keys.server.sessions import Caller, RightLogin, StartedSession, StorePart, TakeBack, UsedBefore

_ID_BYTES: Final = 16


class TooManyFactors(Exception):
    """The account has the largest permitted number of factors."""


class WaitingEnded(Exception):
    """The login no longer waits for a factor: its time is over, or it was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(RightLogin):
    """A login that waits for a second factor, and the counter of its latest call."""

    counter: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedFactor:
    """A new factor that was tried once. `counter` is the counter of that try, `used` the challenge that was used."""

    name: str
    means: Means
    counter: int
    used: bytes | None = None
    used_until: datetime.datetime | None = None


class FactorStore(StorePart):
    """The factors of all accounts, and the logins that wait for one."""

    def factors(self, user: str) -> list[KeptFactor]:
        """Return the factors of a user, the oldest first."""
        with self._database.reading() as rows:
            return read_factors(rows, self._keys, user)

    def knows_device(self, user: str, token_hash: bytes) -> bool:
        """Return whether the device with this token has logged in with a factor, or has added one."""
        with self._database.reading() as rows:
            return knows_device(rows, user, token_hash)

    def find_waiting(self, key: bytes, at: datetime.datetime) -> Waiting | None:
        """Return the waiting login whose session key is `key`."""
        with self._database.reading() as rows:
            return _find_waiting(rows, key, at)

    def count(self, key: bytes, number: int) -> None:
        """Store the counter of a waiting login's call. Raises UsedBefore if it is not larger than the one before."""
        counted = update(WAITING_LOGIN).where(WAITING_LOGIN.c.key == key, WAITING_LOGIN.c.counter < number)
        with self._database.transaction(durable=False) as rows:
            if rows.execute(counted.values(counter=number).returning(WAITING_LOGIN.c.key)).first() is None:
                raise UsedBefore

    def take_challenge(self, key: bytes) -> bytes:
        """Return and delete the challenge of a login that waits. Raises FactorRefused if it was used already."""
        query = select(WAITING_LOGIN.c.challenge).where(WAITING_LOGIN.c.key == key).with_for_update()
        with self._database.transaction(durable=False) as rows:
            challenge = rows.execute(query).scalar()
            rows.execute(update(WAITING_LOGIN).where(WAITING_LOGIN.c.key == key).values(challenge=None))
        if challenge is None:
            raise FactorRefused
        return bytes(challenge)

    def prove_by_code(
        self, waiting: Waiting, proof: CodeProof, at: datetime.datetime, take_back: TakeBack
    ) -> StartedSession:
        """Check a one-time code, start the session of the waiting login, and return it.

        Raises FactorRefused, WaitingEnded, NoSuchAccount.
        """
        with self._database.transaction(durable=waiting.method.is_undo) as rows:
            for factor in self._open(rows, waiting, at):
                if not isinstance(factor.means, SharedSecret):
                    continue
                step = find_step(factor.means.secret, proof.code, at, after=factor.counter)
                if step is not None:
                    return self._admit(rows, waiting, factor, step, at, take_back)
            raise FactorRefused

    def prove_by_key(
        self,
        waiting: Waiting,
        proof: AssertionProof,
        challenge: bytes,
        origins: Sequence[str],
        at: datetime.datetime,
        take_back: TakeBack,
    ) -> StartedSession:
        """Check a security key's assertion, start the session of the waiting login, and return it.

        Raises FactorRefused, WaitingEnded, NoSuchAccount.
        """
        with self._database.transaction(durable=waiting.method.is_undo) as rows:
            for factor in self._open(rows, waiting, at):
                if isinstance(factor.means, SecurityKey) and factor.means.credential_id == proof.credential_id:
                    key, before = factor.means, factor.counter
                    count = check_assertion(key, proof, origins, challenge=challenge, count=before)
                    return self._admit(rows, waiting, factor, count, at, take_back)
            raise FactorRefused

    def add(self, caller: Caller, added: AddedFactor, at: datetime.datetime) -> None:
        """Store a factor. All other sessions of the account end, because they were started without the factor.

        Raises UsedBefore, TooManyFactors, FactorRefused if the key is there already, or SessionEnded.
        """
        user, id, now = caller.user, os.urandom(_ID_BYTES).hex(), at.timestamp()
        with self._database.transaction() as rows:
            sealed = self._keys.seal_in(rows, Sealed.FACTOR, write_content(added.name, added.means), user)
            self._sessions.lock_account_of(rows, caller, at)
            if added.used is not None and added.used_until is not None:
                self._sessions.use_once(rows, f"factor {added.used.hex()}", added.used_until, at)
            present = read_factors(rows, self._keys, user)
            if len(present) >= MAX_FACTORS:
                raise TooManyFactors
            if any(factor.means == added.means for factor in present):
                raise FactorRefused
            kind = kind_of(added.means)
            columns = {"id": id, "user": user, "kind": kind.value, "sealed": sealed, "counter": added.counter}
            rows.execute(insert(FACTOR).values(**columns, created=now, latest=now))
            remember_use(rows, caller.device, now)
            self._sessions.end_others_in(rows, caller)
            note = f"{kind} {id}"
            self._trail.add(rows, AuditEvent(kind=AuditKind.FACTOR_ADDED, at=at, user=user, note=note))

    def remove(self, caller: Caller, id: str, at: datetime.datetime) -> bool:
        """Delete a factor, and return whether it was there. Raises SessionEnded."""
        user = caller.user
        removed = delete(FACTOR).where(FACTOR.c.user == user, FACTOR.c.id == id).returning(FACTOR.c.kind)
        with self._sessions.locked(caller, at) as rows:
            kind = rows.execute(removed).scalar()
            if kind is None:
                return False
            event = AuditEvent(kind=AuditKind.FACTOR_REMOVED, at=at, user=user, note=f"{kind} {id}")
            self._trail.add(rows, event)
        self._database.erase_deleted()
        return True

    def _open(self, rows: Connection, waiting: Waiting, at: datetime.datetime) -> list[KeptFactor]:
        """Lock the account of a login that still waits, and return its factors."""
        self._keys.hold(rows)
        self._sessions.lock_account_for(rows, waiting, at)
        if _find_waiting(rows, waiting.key, at) is None:
            raise WaitingEnded
        return read_factors(rows, self._keys, waiting.user, method=waiting.method)

    def _admit(
        self,
        rows: Connection,
        waiting: Waiting,
        factor: KeptFactor,
        counter: int,
        at: datetime.datetime,
        take_back: TakeBack,
    ) -> StartedSession:
        used = {"counter": counter, "latest": at.timestamp()}
        # A factor from before a reset is in two tables. Both get the new counter, so that no code works twice.
        for table in (FACTOR, KEPT_FACTOR):
            rows.execute(update(table).where(table.c.id == factor.id).values(**used))
        latest = rows.execute(
            delete(WAITING_LOGIN)
            .where(WAITING_LOGIN.c.key == waiting.key)
            .returning(WAITING_LOGIN.c.counter, WAITING_LOGIN.c.sealed_name)
        ).one()
        sealed_name = self._keys.renew(rows, Sealed.DEVICE_NAME, bytes(latest.sealed_name), waiting.user)
        login = RightLogin(
            user=waiting.user,
            method=waiting.method,
            key=waiting.key,
            token_hash=waiting.token_hash,
            sealed_name=sealed_name,
        )
        return self._sessions.begin(rows, login, at, take_back, counter=latest.counter, factor=factor.id)


def _find_waiting(rows: Connection, key: bytes, at: datetime.datetime) -> Waiting | None:
    is_waiting = WAITING_LOGIN.c.key == key, WAITING_LOGIN.c.ends > at.timestamp()
    row = rows.execute(select(WAITING_LOGIN).where(*is_waiting)).first()
    if row is None:
        return None
    return Waiting(
        key=key,
        user=row.user,
        method=LoginMethod(row.way),
        token_hash=bytes(row.token),
        sealed_name=bytes(row.sealed_name),
        counter=row.counter,
    )
