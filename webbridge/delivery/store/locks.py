"""The locks of uploads: one for adding to a file, and one for relying on all the objects of a folder.

One request at a time has a lock. Machines that share the folder share the locks too.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from webbridge.delivery.fixed_error import FixedError
from webbridge.delivery.store.durable import Modes, closing_file, make_file, make_folder

_LOCK: Final = "lock"
"""The name of the file that locks a folder. The file is deleted afterwards. No object has this name."""


class NoUpload(FixedError, status=404, code="not-found", text="There is no such upload. Begin it anew."):
    """The upload of the object was never begun, or was ended."""


class UploadBusy(
    FixedError,
    status=423,
    code="upload-busy",
    text="Another request is sending this object. Wait until it has ended.",
    retry_seconds=1,
):
    """Another request is adding to the object."""


@contextmanager
def lock_upload(path: Path) -> Iterator[int]:
    """Lock the file of an upload, and yield its descriptor. Raises NoUpload, UploadBusy or OSError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    except FileNotFoundError:
        raise NoUpload from None
    with closing_file(descriptor):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadBusy from None
        # Before the lock was taken, an earlier request may have moved the file into the store.
        if not _is_at(path, descriptor):
            raise NoUpload
        yield descriptor


@contextmanager
def lock_folder(folder: Path, modes: Modes) -> Iterator[None]:
    """Hold the lock of a folder during the block. The folder is made unless it exists. Raises OSError."""
    path = folder / _LOCK
    descriptor = _open_locked(path, modes)
    try:
        yield
    finally:
        # The folder may have been deleted and made again meanwhile. Then the lock file at this path is another one.
        if _is_at(path, descriptor):
            path.unlink(missing_ok=True)
        os.close(descriptor)


def _open_locked(path: Path, modes: Modes) -> int:
    while True:
        make_folder(path.parent, modes)
        try:
            descriptor = make_file(path, os.O_RDWR, modes)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # The earlier holder of the lock may have deleted this file. Then a new file is locked.
            is_locked = _is_at(path, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if is_locked:
            return descriptor
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
