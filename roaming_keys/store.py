"""The key server's SQLite store: accounts, counters of failed logins, and which master key they belong to."""

from __future__ import annotations

import contextlib
import datetime
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from roaming_keys.wire import Parameters

BUSY_TIMEOUT_SECONDS = 10.0
# A failure that is further ahead was counted under a clock that was wrong, and would block until that time.
CLOCK_SLACK_SECONDS = 60.0
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
    """One user: how the passphrase is stretched, and HMAC(pepper, auth_key)."""

    user: str
    parameters: Parameters
    verifier: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffRule:
    """After `free_failures`, each further failure doubles the wait, from one second to `longest_seconds`."""

    free_failures: int
    longest_seconds: int

    def wait_seconds(self, failures: int) -> int:
        excess = failures - self.free_failures
        # The exponent is bounded before the shift: a counter may grow for years.
        return min(1 << min(excess - 1, 30), self.longest_seconds) if excess > 0 else 0


class Store:
    """Every call opens a connection of its own: processes and threads share nothing but the file."""

    def __init__(self, path: Path, *, forget_after: datetime.timedelta) -> None:
        self._path = path
        self._forget_seconds = forget_after.total_seconds()
        # It says who has an account: for its owner alone, and SQLite gives its log files the same mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        with contextlib.closing(self._connect()) as database:
            # WAL: reading goes on while another process writes.
            database.execute("PRAGMA journal_mode = WAL")
        with self._transaction() as database:
            for statement in _SCHEMA.split(";"):
                database.execute(statement)

    def belongs_to(self, fingerprint: bytes) -> bool:
        """Whether this master key, known by its fingerprint, is the store's; a new store takes it as its own."""
        with self._transaction() as database:
            row = database.execute("SELECT fingerprint FROM master_key").fetchone()
            if row is None:
                database.execute("INSERT INTO master_key VALUES (?)", (fingerprint,))
            return row is None or row[0] == fingerprint

    def find_account(self, user: str) -> Account | None:
        """The account without its bundle: reading that would take a time that says who is registered."""
        query = "SELECT salt, memory_kib, passes, lanes, verifier FROM account WHERE user = ?"
        with self._transaction() as database:
            row = database.execute(query, (user,)).fetchone()
        if row is None:
            return None
        salt, memory_kib, passes, lanes, verifier = row
        parameters = Parameters(salt=salt, memory_kib=memory_kib, passes=passes, lanes=lanes)
        return Account(user=user, parameters=parameters, verifier=verifier)

    def find_sealed(self, user: str) -> bytes:
        """The sealed bundle record of an account that is there."""
        with self._transaction() as database:
            row = database.execute("SELECT sealed FROM account WHERE user = ?", (user,)).fetchone()
        sealed: bytes = row[0]
        return sealed

    def add_account(self, account: Account, *, sealed: bytes) -> None:
        """Keep an account and its sealed bundle record. Raises AccountExists."""
        cost = account.parameters
        row = (account.user, cost.salt, cost.memory_kib, cost.passes, cost.lanes, account.verifier, sealed)
        try:
            with self._transaction() as database:
                database.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise AccountExists from None

    def start_attempt(self, counters: dict[bytes, BackoffRule], *, at: datetime.datetime) -> int:
        """Count a login as failed before it is tried, and say how many seconds it must wait: 0 when it may be tried.

        Counting comes first, in the same transaction as the check, so that parallel guesses are all counted.
        An attempt that must wait is not counted: waiting never makes the wait longer.
        """
        now = at.timestamp()
        with self._transaction() as database:
            database.execute(
                "DELETE FROM failed_login WHERE latest < ? OR latest > ?",
                (now - self._forget_seconds, now + CLOCK_SLACK_SECONDS),
            )
            failures: dict[bytes, int] = {}
            wait = 0.0
            for counter in counters:
                query = "SELECT failures, blocked_until FROM failed_login WHERE counter = ?"
                row = database.execute(query, (counter,)).fetchone() or (0, 0.0)
                failures[counter] = row[0] + 1
                wait = max(wait, row[1] - now)
            if wait > 0:
                return int(wait) + 1
            for counter, rule in counters.items():
                blocked_until = now + rule.wait_seconds(failures[counter])
                row = (counter, failures[counter], blocked_until, now)
                database.execute("REPLACE INTO failed_login VALUES (?, ?, ?, ?)", row)
        return 0

    def forgive(self, account_counter: bytes, network_counter: bytes) -> None:
        """After a login that succeeded: the account starts anew, and the network loses only what this attempt added.

        A guesser with an account of their own must not be able to clear their network's count.
        """
        with self._transaction() as database:
            database.execute("DELETE FROM failed_login WHERE counter = ?", (account_counter,))
            undo = "UPDATE failed_login SET failures = failures - 1, blocked_until = 0 WHERE counter = ?"
            database.execute(undo, (network_counter,))

    def remember_network(self, name: bytes, *, at: datetime.datetime) -> None:
        """Keep that an account has logged in from a network; `name` is a hash of both."""
        now = at.timestamp()
        with self._transaction() as database:
            database.execute(
                "DELETE FROM known_network WHERE latest < ? OR latest > ?",
                (now - KNOWN_SECONDS, now + CLOCK_SLACK_SECONDS),
            )
            database.execute("REPLACE INTO known_network VALUES (?, ?)", (name, now))

    def knows_network(self, name: bytes, *, at: datetime.datetime) -> bool:
        """Whether the account has logged in from this network before, and not too long ago."""
        oldest = at.timestamp() - KNOWN_SECONDS
        with self._transaction() as database:
            query = "SELECT 1 FROM known_network WHERE name = ? AND latest >= ?"
            return database.execute(query, (name, oldest)).fetchone() is not None

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(self._connect()) as connection:
            # IMMEDIATE: who reads a counter to write it has the lock from the start.
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
