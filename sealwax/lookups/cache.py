"""A cache of servers' answers in a SQLite file, for as long as they are valid. The command and the bridge may share it.

The file has only hashes of the questions, so it does not list whose certificates were looked up. `pkix` verifies each
answer again when it is used. A damaged file is replaced. If the file cannot be used, the cache is empty.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from sealwax.user_folders import user_folder
from smime_core.limits import MAX_CACHE_BYTES, MAX_MEMORY_CACHE_BYTES

_FORMAT: Final = 1
_BUSY_SECONDS: Final = 5.0
# If the last use of an answer is further in the future, it was stored with a wrong clock. Such an answer is not used.
_CLOCK_SLACK_SECONDS: Final = 60.0
_WAL_BYTES: Final = 1_000_000  # SQLite shrinks its log file to this size.
_SCHEMA: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS answer (
    question BLOB PRIMARY KEY,
    failure TEXT NOT NULL,
    size INTEGER NOT NULL,
    kept_until REAL NOT NULL,
    used_at REAL NOT NULL
);
-- A table of its own: a change of any column writes the whole row.
CREATE TABLE IF NOT EXISTS body (question BLOB PRIMARY KEY, data BLOB NOT NULL);
PRAGMA user_version = {_FORMAT};
COMMIT;
"""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """The answer of a server. If there was none, `data` is None and `failure` is "code:text for people"."""

    data: bytes | None
    failure: str = ""


def question_hash(*parts: bytes) -> bytes:
    """The name of a question in the cache. Different lists of parts never give the same name."""
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


class AnswerCache:
    """One cache file. Several threads and processes may use it; each waits for the others."""

    def __init__(self, path: Path | None, *, max_bytes: int | None = None) -> None:
        """Set the path of the file, which is opened or made when it is needed. Without a path, answers stay in memory.

        The default of `max_bytes` is MAX_CACHE_BYTES for a file, and MAX_MEMORY_CACHE_BYTES for memory.
        """
        self._path = path
        self._max_bytes = max_bytes or (MAX_CACHE_BYTES if path is not None else MAX_MEMORY_CACHE_BYTES)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def find(self, question: bytes, *, at: datetime.datetime) -> KeptAnswer | None:
        """The cached answer if it is still valid at `at`, otherwise None."""

        def read(rows: sqlite3.Connection) -> KeptAnswer | None:
            row = rows.execute(
                "SELECT data, failure FROM answer LEFT JOIN body USING (question)"
                " WHERE question = ? AND kept_until > ? AND used_at <= ?",
                (question, at.timestamp(), at.timestamp() + _CLOCK_SLACK_SECONDS),
            ).fetchone()
            if row is None:
                return None
            rows.execute("UPDATE answer SET used_at = ? WHERE question = ?", (at.timestamp(), question))
            return KeptAnswer(data=row[0], failure=row[1])

        return self._attempt(read)

    def keep(self, question: bytes, answer: KeptAnswer, *, at: datetime.datetime, until: datetime.datetime) -> None:
        """Store an answer. Then delete expired answers, and the longest unused answers above `max_bytes`."""
        now, size = at.timestamp(), len(answer.data or b"")

        def write(rows: sqlite3.Connection) -> None:
            row = (question, answer.failure, size, until.timestamp(), now)
            rows.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)", row)
            rows.execute("DELETE FROM body WHERE question = ?", (question,))
            if answer.data is not None:
                rows.execute("INSERT INTO body VALUES (?, ?)", (question, answer.data))
            rows.execute("DELETE FROM answer WHERE kept_until <= ?", (now,))
            rows.execute(
                "DELETE FROM answer WHERE question IN (SELECT question FROM"
                " (SELECT question, SUM(size) OVER (ORDER BY used_at DESC, question) AS total FROM answer)"
                " WHERE total > ?)",
                (self._max_bytes,),
            )
            rows.execute("DELETE FROM body WHERE question NOT IN (SELECT question FROM answer)")

        self._attempt(write)

    def shorten(self, question: bytes, *, until: datetime.datetime) -> None:
        """Let a stored answer expire at `until` at the latest."""

        def write(rows: sqlite3.Connection) -> None:
            rows.execute(
                "UPDATE answer SET kept_until = min(kept_until, ?) WHERE question = ?", (until.timestamp(), question)
            )

        self._attempt(write)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _attempt(self, use: Callable[[sqlite3.Connection], Result]) -> Result | None:
        # Returns None, as an empty cache does, if the file cannot be used: busy for too long, read-only or damaged, or
        # the disk is full.
        with self._lock:
            self._connection = self._connection or self._open()
            try:
                return _in_transaction(self._connection, use)
            except sqlite3.OperationalError:
                return None
            except sqlite3.DatabaseError:
                self._connection.close()
                self._connection = self._open(replace=True)
                return None

    def _open(self, *, replace: bool = False) -> sqlite3.Connection:
        if self._path is not None:
            with contextlib.suppress(OSError, sqlite3.OperationalError):
                if replace:
                    _remove(self._path)
                try:
                    return _open_file(self._path)
                except sqlite3.DatabaseError as error:
                    if isinstance(error, sqlite3.OperationalError):
                        raise
                    _remove(self._path)
                    return _open_file(self._path)
        return _connect(":memory:")


def _in_transaction(connection: sqlite3.Connection, use: Callable[[sqlite3.Connection], Result]) -> Result:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = use(connection)
        connection.execute("COMMIT")
    except BaseException:
        # A damaged file refuses ROLLBACK too.
        with contextlib.suppress(sqlite3.DatabaseError):
            connection.execute("ROLLBACK")
        raise
    return result


def _open_file(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its log files the mode of the database.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return _connect(str(path))


def _connect(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None)
    try:
        _check_format(connection)
        connection.execute("PRAGMA auto_vacuum = FULL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        connection.executescript(_SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_format(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] not in (0, _FORMAT):
        raise sqlite3.DatabaseError("a cache of another version")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def default_cache_file() -> Path:
    """The file in which the command keeps answers (XDG Base Directory Specification)."""
    return user_folder("XDG_CACHE_HOME", ".cache") / "answers.sqlite"
