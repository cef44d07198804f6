"""A lock for a file that processes read, change and replace: a hidden file beside it, which stays there, empty.

The file itself cannot be locked: it is replaced, and a lock holds for the replaced one. The lock's name begins with a
dot and keeps the ending of the name: `.contacts.json.lock` is nobody else's file, where `contacts.lock` may be one.
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
_NAME_CHARACTERS: Final = 50  # up to 200 bytes of the 255 that a name may have; longer names may share a lock


@contextlib.contextmanager
def lock_beside(path: Path) -> Iterator[None]:
    """No other process that does the same changes the file meanwhile. Its folder has to be there.

    A lock file that is there already is neither emptied nor written to, and a symbolic link is not followed. Locks do
    not nest: waiting for a lock that this process holds never ends. Raises OSError.
    """
    # Whoever names the file by a link waits for those who name it directly.
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
        # The user knows the file by its own name, unless it is the lock that is in the way.
        raise OSError(error.errno, error.strerror, str(lock if lock.exists() else path)) from error
