"""The locks of uploads. One request at a time adds to a file, and one at a time depends on the objects of a folder.

Machines that share the folder share the locks too.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sealwax.service import ServiceError
from webbridge.delivery.store.durable import Modes, make_file, make_folder

_LOCK: Final = "lock"
"""The name of the file that locks a folder. The file is deleted afterwards. No object has this name."""


class NoUpload(ServiceError):
    """The object was never begun, or its upload was ended."""

    def __init__(self) -> None:
        super().__init__(404, "not-found", "There is no such upload. Begin it anew.")


class UploadBusy(ServiceError):
    """Another request is adding to the object."""

    def __init__(self) -> None:
        super().__init__(423, "upload-busy", "Another request is sending this object. Wait until it has ended.", 1)


@contextmanager
def lock_upload(path: Path) -> Iterator[int]:
    """The descriptor of a file that nobody else adds to. Raises NoUpload, UploadBusy or OSError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    except FileNotFoundError:
        raise NoUpload from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadBusy from None
        # An earlier request may have given the file to the store between the two calls.
        if not _is_at(path, descriptor):
            raise NoUpload
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def lock_folder(folder: Path, modes: Modes) -> Iterator[None]:
    """Hold the lock of a folder during the block. The folder is made unless it exists. Raises OSError."""
    path = folder / _LOCK
    descriptor = _open_locked(path, modes)
    try:
        yield
    finally:
        # Somebody may have deleted the folder, and another request may have made it anew.
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
            # An earlier request may have deleted this file, which it had locked.
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
