"""One SQLite database for what the bridge must remember between requests: sessions and counters."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

BUSY_SECONDS = 5.0
# Requests take the time before they take their turn. A time that is further ahead was written under a clock that was
# wrong: it would block a login, or keep a session, until that clock is right again.
CLOCK_SLACK_SECONDS = 60
_IN_MEMORY = ":memory:"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    id TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    host TEXT NOT NULL,
    server_half BLOB NOT NULL,
    nonce BLOB NOT NULL,
    sealed_password BLOB NOT NULL,
    used_at REAL NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS session_by_expiry ON session (expires_at);
CREATE INDEX IF NOT EXISTS session_by_use ON session (used_at);
CREATE TABLE IF NOT EXISTS login_attempt (counter TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS login_attempt_by_counter ON login_attempt (counter, at);
CREATE INDEX IF NOT EXISTS login_attempt_by_time ON login_attempt (at);
CREATE TABLE IF NOT EXISTS lookup_request (session_id TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS lookup_request_by_session ON lookup_request (session_id, at);
CREATE INDEX IF NOT EXISTS lookup_request_by_time ON lookup_request (at);
"""


class Database:
    """A connection that threads take turns on; SQLite allows one writer anyway."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        if path != _IN_MEMORY:
            # It says who is signed in: for its owner alone, and SQLite gives its journal the same mode.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
        # Deleted halves of session keys are overwritten, not only unlinked.
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one transaction: all or nothing."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # COMMIT fails too, while another process reads or on a full disk: a transaction that stayed open would
                # refuse every later one. After some errors SQLite has rolled back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
