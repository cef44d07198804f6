"""Files that outlive a power failure: synced, and so are the folders that name them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from webbridge.delivery.store.protocol import StoreFailed, StoreFull

# The proxy's group reads the bytes, which are ciphertext.
FILE_MODE: Final = 0o640
FOLDER_MODE: Final = 0o750
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def disk_failures_named() -> Iterator[None]:
    """Raise StoreFull or StoreFailed in place of an OSError, whose text has the path of a parcel."""
    try:
        yield
    except OSError as error:
        raise (StoreFull() if error.errno in _FULL else StoreFailed()) from None


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of the bytes. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder durably, with those above it, unless it exists. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        # Another process has made it, and perhaps not synced it yet.
        if not folder.is_dir():
            raise
    sync_folder(folder.parent)
