"""The key server's store: accounts, counters of failed logins, and the master key that they belong to."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from roaming_keys.database import SCHEMA
from roaming_keys.database.tables import ACCOUNT, KNOWN_NETWORK, MASTER_KEY, TABLES, USED
from roaming_keys.tickets import Ticket
from roaming_keys.wire import Parameters
from sealwax.service import CLOCK_SLACK_SECONDS, BackoffCounter
from sealwax.service.database import insert_into

KNOWN_SECONDS = 90 * 86_400.0
_REFUSAL: Final = "There were too many attempts to log in. Try again in {seconds} seconds."


class AccountExists(Exception):
    """The user is registered already."""


class UsedBefore(Exception):
    """A ticket or nonce has been used already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One user: the parameters for stretching the passphrase, and the public login key, encrypted by the server."""

    user: str
    parameters: Parameters
    login_key: bytes


class Store:
    """The store, in one database."""

    def __init__(self, url: str | Path, *, forget_after: datetime.timedelta) -> None:
        self._database = SCHEMA.open(url)
        self.failed_logins = BackoffCounter(
            self._database,
            tables=TABLES,
            kind="login",
            forget_seconds=int(forget_after.total_seconds()),
            refusal=_REFUSAL,
        )

    def belongs_to(self, fingerprint: bytes) -> bool:
        """Return whether the store belongs to the master key with this fingerprint. A new store is bound to it."""
        with self._database.transaction() as rows:
            bound = rows.execute(select(MASTER_KEY.c.fingerprint)).scalar()
            if bound is None:
                rows.execute(insert(MASTER_KEY).values(fingerprint=fingerprint))
            return bound is None or bytes(bound) == fingerprint

    def is_usable(self) -> bool:
        """Return whether the database answers and has the tables of this program. Raises DatabaseUnavailable."""
        return SCHEMA.is_usable(self._database)

    def find_account(self, user: str) -> Account | None:
        """Return the account without its bundle: the time to read a bundle would reveal who is registered."""
        account = ACCOUNT.c
        query = select(account.salt, account.memory_kib, account.passes, account.lanes, account.login_key)
        with self._database.reading() as rows:
            row = rows.execute(query.where(account.user == user, account.login_key.is_not(None))).first()
        if row is None:
            return None
        salt, memory_kib, passes, lanes, login_key = row
        parameters = Parameters(salt=salt, memory_kib=memory_kib, passes=passes, lanes=lanes)
        return Account(user=user, parameters=parameters, login_key=bytes(login_key))

    def find_sealed(self, user: str) -> bytes:
        """Return the sealed bundle record of an existing account."""
        with self._database.reading() as rows:
            return bytes(rows.execute(select(ACCOUNT.c.sealed).where(ACCOUNT.c.user == user)).scalar_one())

    def add_account(self, account: Account, sealed: bytes, ticket: Ticket, at: datetime.datetime) -> None:
        """Store an account and its sealed bundle record, and note the ticket. Raises AccountExists or UsedBefore.

        An account of protocol 1, which nobody can log in to any more, is replaced.
        """
        cost = account.parameters
        row = {
            "user": account.user,
            "salt": cost.salt,
            "memory_kib": cost.memory_kib,
            "passes": cost.passes,
            "lanes": cost.lanes,
            "verifier": b"",
            "login_key": account.login_key,
            "sealed": sealed,
        }
        with self._database.transaction() as rows:
            added = insert_into(rows, ACCOUNT).values(row)
            is_old = ACCOUNT.c.login_key.is_(None)
            added = added.on_conflict_do_update(index_elements=["user"], set_=row, where=is_old)
            if rows.execute(added.returning(ACCOUNT.c.user)).first() is None:
                raise AccountExists
            _use_once(rows, f"ticket {ticket.id}", ticket.ends, at)

    def use_nonce(self, nonce: bytes, ends: datetime.datetime, at: datetime.datetime) -> None:
        """Note that a login has used a nonce. Raises UsedBefore."""
        with self._database.transaction(durable=False) as rows:
            _use_once(rows, f"nonce {nonce.hex()}", ends, at)

    def remember_network(self, name: bytes, at: datetime.datetime) -> None:
        """Remember that an account has logged in from a network. `name` is a hash of both."""
        now = at.timestamp()
        with self._database.transaction() as rows:
            for is_over in (
                KNOWN_NETWORK.c.latest < now - KNOWN_SECONDS,
                KNOWN_NETWORK.c.latest > now + CLOCK_SLACK_SECONDS,
            ):
                rows.execute(delete(KNOWN_NETWORK).where(is_over))
            seen = insert_into(rows, KNOWN_NETWORK).values(name=name, latest=now)
            rows.execute(seen.on_conflict_do_update(index_elements=["name"], set_={"latest": now}))

    def knows_network(self, name: bytes, at: datetime.datetime) -> bool:
        """Return whether the account has logged in from this network in the last KNOWN_SECONDS."""
        network = KNOWN_NETWORK.c
        query = select(network.name).where(network.name == name, network.latest >= at.timestamp() - KNOWN_SECONDS)
        with self._database.reading() as rows:
            return rows.execute(query).first() is not None


def _use_once(rows: Connection, value: str, ends: datetime.datetime, at: datetime.datetime) -> None:
    """Note the use of something that ends. Raises UsedBefore."""
    rows.execute(delete(USED).where(USED.c.ends <= at.timestamp()))
    used = insert_into(rows, USED).values(value=value, ends=ends.timestamp())
    if rows.execute(used.on_conflict_do_nothing().returning(USED.c.value)).first() is None:
        raise UsedBefore
