"""The lock that each process holds while it lives. The other processes soon notice when a process was killed.

On PostgreSQL the lock is an advisory lock of a database session. The process keeps a separate connection for it, and
the server ends the session when the process ends. On SQLite a lock is one byte of a file beside the database. The
system frees the byte when the process ends. A process that is only slow, or was stopped, keeps its lock.
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
"""The bits of a lock's number. The number is positive, both as a bigint and as an offset in a file."""
_PRIVATE_MODE: Final = 0o600
# The struct flock of 64-bit Linux. Only the kind, the offset and the length of a lock are set.
_FLOCK: Final = struct.Struct("hhqqi4x")
# pg_locks shows a lock with one bigint key as two halves, with `objsubid` 1 (PostgreSQL, "pg_locks").
_FREE: Final = """
SELECT unnest(%s::bigint[]) EXCEPT SELECT classid::bigint << 32 | objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_HOLD: Final = "SELECT pg_try_advisory_lock(%s)"


class ProcessLocks(Protocol):
    """The lock of this process, and a test whether other processes hold their locks."""

    def find_free(self, numbers: Collection[int]) -> set[int]:
        """Take or keep this process's lock, and return those of `numbers` whose locks nobody holds.

        On PostgreSQL, this process's number is returned too if its lock had to be taken. Raises DatabaseUnavailable if
        this process's lock cannot be held.
        """

    def close(self) -> None:
        """Release this process's lock."""


def locks_of(database: Database, own: int) -> ProcessLocks | None:
    """Return the locks of the processes that share a database. `own` is the number of this process's lock.

    The result is None for a database in memory, which has one process, and for SQLite without 64-bit Linux.
    """
    if database.is_postgresql:
        return AdvisoryLocks(database, own)
    if database.file is not None and hasattr(fcntl, "F_OFD_SETLK") and struct.calcsize("P") == 8:
        return _FileLocks(database.file.with_name(f"{database.file.name}-processes"), own)
    return None


class AdvisoryLocks:
    """Advisory locks of PostgreSQL. Each call asks the server about them, because a pooler may end a session unseen."""

    def __init__(self, database: Database, own: int) -> None:
        self._database = database
        self._own = own
        self._connection: Any = None

    def find_free(self, numbers: Collection[int]) -> set[int]:
        if self._connection is not None:
            with suppress(Exception):
                return self._ask(numbers)
            # A broken connection is replaced at once, before other processes find the lock free.
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
    """Locks of an open file (Linux, fcntl(2), "Open file description locks"). No other thread closes the file."""

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
        """Return the lock file, opened anew if somebody deleted it. Every process notices this at its next call."""
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
