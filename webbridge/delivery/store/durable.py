"""Files that survive a power failure, because they and the folders that name them are synced."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from webbridge.delivery.store.protocol import StoreFailed, StoreFull


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """The modes of files and folders, independent of the umask of the process."""

    file: int
    folder: int


PRIVATE: Final = Modes(file=0o600, folder=0o700)
FOR_PROXY: Final = Modes(file=0o640, folder=0o750)
"""The modes with which the folder's group, to which the proxy belongs, may read the bytes (ciphertext)."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def disk_failures_named() -> Iterator[None]:
    """Raise StoreFull or StoreFailed in place of an OSError, because the error's text contains the path of a parcel."""
    try:
        yield
    except OSError as error:
        raise (StoreFull() if error.errno in _FULL else StoreFailed()) from None


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of the bytes. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


@contextmanager
def closing_file(descriptor: int) -> Iterator[int]:
    """Close a file after the block."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are durable. Raises OSError."""
    with closing_file(os.open(folder, os.O_RDONLY | os.O_DIRECTORY)) as descriptor:
        os.fsync(descriptor)


def make_file(path: Path, flags: int, modes: Modes) -> int:
    """Return the descriptor of a file. The file is made unless it exists. Raises OSError."""
    descriptor = os.open(path, os.O_CREAT | flags, modes.file)
    try:
        os.fchmod(descriptor, modes.file)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def write_file(path: Path, data: bytes, modes: Modes) -> None:
    """Write a new file.

    Its bytes are durable then, but its name may not be. Raises OSError, also if it exists.
    """
    with closing_file(make_file(path, os.O_WRONLY | os.O_EXCL, modes)) as descriptor:
        write_all(descriptor, data)
        os.fsync(descriptor)


def make_folder(folder: Path, modes: Modes) -> None:
    """Make a folder durably, with the folders above it, unless it exists. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent, modes)
    try:
        folder.mkdir(mode=modes.folder)
        # Below a folder with the set-group-ID bit, each folder keeps that bit, so files get the same group.
        with closing_file(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)) as descriptor:
            os.fchmod(descriptor, modes.folder | os.fstat(descriptor).st_mode & stat.S_ISGID)
    except FileExistsError:
        # Another process has made the folder, but may not have synced it yet.
        if not folder.is_dir():
            raise
    sync_folder(folder.parent)
