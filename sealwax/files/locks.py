"""A lock for a file that several processes read and replace: a hidden, empty file beside it.

The file itself cannot be locked: when it is replaced, its lock would stay with the old file. The name of the lock
contains the name of the file, as in `.contacts.json.lock` for `contacts.json`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PRIVATE_MODE: Final = 0o600
_NAME_CHARACTERS: Final = 50  # At most 200 bytes; a file name may have 255. Files with longer names may share a lock.


@contextlib.contextmanager
def lock_beside(path: Path) -> Iterator[None]:
    """Keep other processes that use this lock from changing the file. The folder of the file must exist.

    An existing lock file is neither emptied nor written to, and a symbolic link is not followed. Locks do not nest: a
    process that waits for a lock of its own waits for ever. Raises OSError.
    """
    # All names of a file have one lock: a process that opens the file through a link waits for a process that opens it
    # directly.
    target = Path(os.path.realpath(path))
    lock = target.with_name(f".{target.name[:_NAME_CHARACTERS]}.lock")
    descriptor = _open(lock, path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(lock: Path, path: Path) -> int:
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _PRIVATE_MODE)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(error.errno, "is a symbolic link where a lock is to be: remove it", str(lock)) from error
        # The error names the lock if the lock exists, and otherwise the file that the user knows.
        raise OSError(error.errno, error.strerror, str(lock if lock.exists() else path)) from error
