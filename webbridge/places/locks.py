"""The locks that processes hold while they live, so that the others notice within a moment that one was killed.

On PostgreSQL they are advisory locks of a session, and the session is a connection of its own: the server ends it with
the process. On SQLite a lock is one byte of a file beside the database, which the system frees with the process. A
process that is only slow, or was stopped, keeps its lock.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

from sealwax.service import Database, DatabaseUnavailable

NUMBER_BITS: Final = 62
"""The number of a lock is positive, as a bigint and as a place in a file."""
_PRIVATE_MODE: Final = 0o600
# struct flock of Linux on 64 bits, where only the kind, the place and the length of a lock have a value.
_FLOCK: Final = struct.Struct("hhqqi4x")
# Without the class of the lock, which `objsubid` names, the number is in two halves (PostgreSQL, "pg_locks").
_FREE: Final = """
SELECT unnest(%s::bigint[]) EXCEPT SELECT classid::bigint << 32 | objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_HOLD: Final = "SELECT pg_try_advisory_lock(%s)"


class ProcessLocks(Protocol):
    """The lock of this process, and a look at those of others."""

    def find_free(self, numbers: Collection[int]) -> set[int]:
        """Hold the own lock, and return the numbers that nobody held: also the own one if it had to be taken.

        Raises DatabaseUnavailable if the own lock cannot be held.
        """

    def close(self) -> None:
        """Give the own lock back."""


def locks_of(database: Database, own: int) -> ProcessLocks | None:
    """Return the locks of the processes that share a database. `own` is the number of this one's.

    None for a database in memory, which has one process, and for SQLite on another system than Linux.
    """
    if database.is_postgresql:
        return SessionLocks(database, own)
    if database.file is not None and hasattr(fcntl, "F_OFD_SETLK") and struct.calcsize("P") == 8:
        return _FileLocks(database.file.with_name(f"{database.file.name}-processes"), own)
    return None


class SessionLocks:
    """Advisory locks of PostgreSQL. Whether one is held is always asked: a pooler may end its session unseen."""

    def __init__(self, database: Database, own: int) -> None:
        self._database = database
        self._own = own
        self._connection: Any = None

    def find_free(self, numbers: Collection[int]) -> set[int]:
        if self._connection is not None:
            with suppress(Exception):
                return self._ask(numbers)
            # A connection that broke is replaced at once, before the others count the lock as free.
            self.close()
        try:
            self._connection = self._database.own_connection()
            self._connection.autocommit = True
            return self._ask(numbers)
        except Exception:  # noqa: BLE001 (psycopg has many)
            self.close()
            raise DatabaseUnavailable from None

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def _ask(self, numbers: Collection[int]) -> set[int]:
        free = {number for (number,) in self._connection.execute(_FREE, [[self._own, *numbers]])}
        if self._own in free:
            self._connection.execute(_HOLD, [self._own])
        return free


class _FileLocks:
    """Locks of an open file (Linux, fcntl(2), "Open file description locks"), which no other thread closes."""

    def __init__(self, path: Path, own: int) -> None:
        self._path = path
        self._own = own
        self._file: int | None = None

    def find_free(self, numbers: Collection[int]) -> set[int]:
        try:
            file = self._opened()
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, _lock_at(self._own))
            return {number for number in numbers if number != self._own and _is_free(file, number)}
        except OSError:
            raise DatabaseUnavailable from None

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _opened(self) -> int:
        """Return the file at the path, which somebody may have deleted. All processes notice it at their next look."""
        if self._file is not None and os.fstat(self._file).st_nlink == 0:
            self.close()
        if self._file is None:
            self._file = os.open(self._path, os.O_CREAT | os.O_RDWR, _PRIVATE_MODE)
        return self._file


def _lock_at(number: int) -> bytes:
    return _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, number, 1, 0)


def _is_free(file: int, number: int) -> bool:
    kind, *_ = _FLOCK.unpack(fcntl.fcntl(file, fcntl.F_OFD_GETLK, _lock_at(number)))
    return bool(kind == fcntl.F_UNLCK)
