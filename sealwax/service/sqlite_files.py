"""The files of an SQLite database: made for their owner only, and read without any change.

The folder of a database belongs to the service's user, who may put a link there at any moment. So this module follows
no link beside the database, and as root it follows no link at all.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

_RETRY_SECONDS: Final = 0.01
_PRIVATE_MODE: Final = 0o600
_OTHERS: Final = 0o077
_BESIDE: Final = ("-wal", "-shm", "-journal")


def prepare_file(path: Path, *, busy_seconds: float) -> None:
    """Make the file for its owner only, because it names people, and switch it to a write-ahead log.

    Raises OSError or sqlite3.DatabaseError.
    """
    file = path if os.geteuid() == 0 else Path(os.path.realpath(path))
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, _PRIVATE_MODE))
    _make_private(file)
    for suffix in _BESIDE:
        # Another process may be closing the database, and delete its log now.
        with suppress(FileNotFoundError):
            _make_private(file.with_name(file.name + suffix))
    _keep_log(file, busy_seconds)


def uri_for_reading(path: Path) -> str:
    """Return a URI with which SQLite reads a database without changing its file or making a file beside it.

    Raises OSError if the path leads to no regular file.
    """
    if not path.is_file():
        raise OSError(errno.EINVAL, "is no regular file", str(path))
    log, shared = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    has_log = log.exists() and (log.stat().st_size > 0 or shared.exists())
    # If there is no log, SQLite would make one even to read, except with immutable=1.
    how = "readonly_shm=1" if has_log else "immutable=1"
    return f"file:{quote(os.path.abspath(path))}?mode=ro&{how}"


def _make_private(path: Path) -> None:
    """Let only its owner use a regular file. Raises OSError, also for a link and any other kind of file."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise OSError(errno.ELOOP, "is a symbolic link where a database is to be: remove it", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is no regular file", str(path))
    # A file that is private already is not opened, because closing it would end the locks that this process has on it.
    if mode & _OTHERS:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            os.fchmod(descriptor, _PRIVATE_MODE)
        finally:
            os.close(descriptor)


def _keep_log(path: Path, busy_seconds: float) -> None:
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=busy_seconds)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.DatabaseError as error:
            # SQLite does not wait when it changes the journal mode, so this is tried again.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return
