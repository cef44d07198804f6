"""The reason why a database cannot be used, as its errors give it."""

from __future__ import annotations

import errno
import sqlite3
from enum import Enum
from typing import Final

# The low byte of an extended result code of SQLite is its primary code.
_PRIMARY_CODE: Final = 0xFF


class Fault(Enum):
    """The reason why a database cannot be used."""

    BUSY = "busy"
    DISK = "disk"
    NO_DATABASE = "no database"
    DAMAGED = "damaged"
    DENIED = "denied"
    UNREACHABLE = "unreachable"


_SQLITE: Final = {
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
    sqlite3.SQLITE_PROTOCOL: Fault.BUSY,
    sqlite3.SQLITE_FULL: Fault.DISK,
    sqlite3.SQLITE_IOERR: Fault.DISK,
    sqlite3.SQLITE_NOTADB: Fault.NO_DATABASE,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_CANTOPEN: Fault.DENIED,
    sqlite3.SQLITE_READONLY: Fault.DENIED,
    sqlite3.SQLITE_PERM: Fault.DENIED,
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: Final = {
    "55P03": Fault.BUSY,
    "40001": Fault.BUSY,
    "40P01": Fault.BUSY,
    "53100": Fault.DISK,
    "58030": Fault.DISK,
    "42501": Fault.DENIED,
    "XX001": Fault.DAMAGED,
    "XX002": Fault.DAMAGED,
}
_SYSTEM: Final = {errno.ENOSPC: Fault.DISK, errno.EDQUOT: Fault.DISK, errno.EIO: Fault.DISK}


def fault_of(cause: BaseException | None) -> Fault:
    """Return the reason that an error of SQLite, psycopg or the system gives."""
    if isinstance(cause, sqlite3.Error):
        return _SQLITE.get(primary_code(cause), Fault.DAMAGED)
    if isinstance(cause, OSError):
        return _SYSTEM.get(cause.errno or 0, Fault.DENIED)
    return _POSTGRESQL.get(getattr(cause, "sqlstate", None) or "", Fault.UNREACHABLE)


def primary_code(error: sqlite3.Error) -> int:
    """Return the result code of SQLite without its extension."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
