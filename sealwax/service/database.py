"""One SQLite database for a service: its file, its schema, and transactions that threads and processes share."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

BUSY_SECONDS = 10.0
_RETRY_SECONDS = 0.01
# A request reads the clock before it waits for its transaction, so a stored time may be a little ahead. A time further
# ahead was written by a wrong clock: it would block a login, or keep a session, until that time.
CLOCK_SLACK_SECONDS = 60
_IN_MEMORY = ":memory:"


class Database:
    """A database whose transactions run one after another.

    Each transaction on a file opens a connection of its own, so that processes share only the file, also after a fork.
    A database at the path `:memory:` has one connection, and its data is lost when that is closed.
    """

    def __init__(self, path: str | Path, schema: str, *, settings: tuple[str, ...] = ()) -> None:
        """Open or make the database. `settings` are the pragmas of every connection."""
        self._path = str(path)
        self._settings = settings
        self._turn = threading.Lock()
        self._in_memory: sqlite3.Connection | None = None
        if self._path == _IN_MEMORY:
            self._in_memory = self._connect()
        else:
            # Only the owner may read the file, because it names people. SQLite gives its journal the same mode.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        with self.transaction() as rows:
            for statement in schema.split(";"):
                rows.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one transaction: all changes or none."""
        with self._turn, self._connection() as connection:
            # IMMEDIATE, so that a transaction that reads a counter and then writes it has the lock from the start.
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # COMMIT can fail too: while another process reads, or on a full disk. A transaction that stayed open
                # would make every later one fail. After some errors SQLite has rolled back by itself.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Wait for the running transaction, then close. A database in memory is lost."""
        with self._turn:
            if self._in_memory is not None:
                self._in_memory.close()

    def _connection(self) -> nullcontext[sqlite3.Connection] | closing[sqlite3.Connection]:
        return closing(self._connect()) if self._in_memory is None else nullcontext(self._in_memory)

    def _connect(self) -> sqlite3.Connection:
        """A connection with its settings. A change of the journal mode waits for nobody, so it is tried again."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            connection = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None
            )
            try:
                for setting in self._settings:
                    connection.execute(f"PRAGMA {setting}")
            except sqlite3.OperationalError as error:
                connection.close()
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_SECONDS)
            else:
                return connection
