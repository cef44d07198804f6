"""The key server's SQLite store: accounts, counters of failed logins, and the master key that they belong to."""

from __future__ import annotations

import datetime
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from roaming_keys.wire import Parameters
from sealwax.service import CLOCK_SLACK_SECONDS, Database

KNOWN_SECONDS = 90 * 86_400.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    user TEXT PRIMARY KEY, salt BLOB NOT NULL, memory_kib INTEGER NOT NULL, passes INTEGER NOT NULL,
    lanes INTEGER NOT NULL, verifier BLOB NOT NULL, sealed BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS failed_login (
    counter BLOB PRIMARY KEY, failures INTEGER NOT NULL, blocked_until REAL NOT NULL, latest REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS failed_login_by_latest ON failed_login (latest);
CREATE TABLE IF NOT EXISTS known_network (name BLOB PRIMARY KEY, latest REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS master_key (fingerprint BLOB PRIMARY KEY) STRICT;
"""


class AccountExists(Exception):
    """The user is registered already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One user: the parameters for stretching the passphrase, and the verifier, HMAC(pepper, auth_key)."""

    user: str
    parameters: Parameters
    verifier: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffRule:
    """After `free_failures`, each further failure doubles the wait, from one second to `longest_seconds`."""

    free_failures: int
    longest_seconds: int

    def wait_seconds(self, failures: int) -> int:
        """Return the wait after this number of failures."""
        excess = failures - self.free_failures
        # The exponent is limited before the shift, because a counter may grow for years.
        return min(1 << min(excess - 1, 30), self.longest_seconds) if excess > 0 else 0


class Store:
    """The store, in one SQLite database."""

    def __init__(self, path: Path, *, forget_after: datetime.timedelta) -> None:
        self._forget_seconds = forget_after.total_seconds()
        # WAL, so that a backup can read while the server writes.
        self._database = Database(path, _SCHEMA, settings=("journal_mode = WAL",))

    def belongs_to(self, fingerprint: bytes) -> bool:
        """Return whether the store belongs to the master key with this fingerprint. A new store is bound to it."""
        with self._database.transaction() as rows:
            row = rows.execute("SELECT fingerprint FROM master_key").fetchone()
            if row is None:
                rows.execute("INSERT INTO master_key VALUES (?)", (fingerprint,))
            return row is None or row[0] == fingerprint

    def find_account(self, user: str) -> Account | None:
        """Return the account without its bundle: the time to read a bundle would reveal who is registered."""
        query = "SELECT salt, memory_kib, passes, lanes, verifier FROM account WHERE user = ?"
        with self._database.transaction() as rows:
            row = rows.execute(query, (user,)).fetchone()
        if row is None:
            return None
        salt, memory_kib, passes, lanes, verifier = row
        parameters = Parameters(salt=salt, memory_kib=memory_kib, passes=passes, lanes=lanes)
        return Account(user=user, parameters=parameters, verifier=verifier)

    def find_sealed(self, user: str) -> bytes:
        """Return the sealed bundle record of an existing account."""
        with self._database.transaction() as rows:
            row = rows.execute("SELECT sealed FROM account WHERE user = ?", (user,)).fetchone()
        sealed: bytes = row[0]
        return sealed

    def add_account(self, account: Account, sealed: bytes) -> None:
        """Store an account and its sealed bundle record. Raises AccountExists."""
        cost = account.parameters
        row = (account.user, cost.salt, cost.memory_kib, cost.passes, cost.lanes, account.verifier, sealed)
        try:
            with self._database.transaction() as rows:
                rows.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise AccountExists from None

    def start_attempt(self, backoffs: dict[bytes, BackoffRule], at: datetime.datetime) -> int:
        """Count a login as failed before it is tried, and return the seconds that it must wait: 0 if it may be tried.

        The check and the count are one transaction, so that parallel guesses are all counted. An attempt that must wait
        is not counted, so that trying too early does not make the wait longer.
        """
        now = at.timestamp()
        with self._database.transaction() as rows:
            rows.execute(
                "DELETE FROM failed_login WHERE latest < ? OR latest > ?",
                (now - self._forget_seconds, now + CLOCK_SLACK_SECONDS),
            )
            failures: dict[bytes, int] = {}
            wait = 0.0
            for counter in backoffs:
                query = "SELECT failures, blocked_until FROM failed_login WHERE counter = ?"
                row = rows.execute(query, (counter,)).fetchone() or (0, 0.0)
                failures[counter] = row[0] + 1
                wait = max(wait, row[1] - now)
            if wait > 0:
                return int(wait) + 1
            for counter, rule in backoffs.items():
                blocked_until = now + rule.wait_seconds(failures[counter])
                row = (counter, failures[counter], blocked_until, now)
                rows.execute("REPLACE INTO failed_login VALUES (?, ?, ?, ?)", row)
        return 0

    def forgive(self, account_counter: bytes, network_counter: bytes) -> None:
        """After a successful login, forget all failures of the account, but only the latest failure of the network.

        Otherwise a guesser who also has an account could clear the count of the network.
        """
        with self._database.transaction() as rows:
            rows.execute("DELETE FROM failed_login WHERE counter = ?", (account_counter,))
            undo = "UPDATE failed_login SET failures = failures - 1, blocked_until = 0 WHERE counter = ?"
            rows.execute(undo, (network_counter,))

    def remember_network(self, name: bytes, at: datetime.datetime) -> None:
        """Remember that an account has logged in from a network. `name` is a hash of both."""
        now = at.timestamp()
        with self._database.transaction() as rows:
            rows.execute(
                "DELETE FROM known_network WHERE latest < ? OR latest > ?",
                (now - KNOWN_SECONDS, now + CLOCK_SLACK_SECONDS),
            )
            rows.execute("REPLACE INTO known_network VALUES (?, ?)", (name, now))

    def knows_network(self, name: bytes, at: datetime.datetime) -> bool:
        """Return whether the account has logged in from this network in the last KNOWN_SECONDS."""
        oldest = at.timestamp() - KNOWN_SECONDS
        with self._database.transaction() as rows:
            query = "SELECT 1 FROM known_network WHERE name = ? AND latest >= ?"
            return rows.execute(query, (name, oldest)).fetchone() is not None
