"""Incomplete objects, in files of this machine.

The size of a file is the offset of the upload, so there is no second record that could differ. One request at a time
adds to a file. The bytes are synced before the answer. A complete file is moved into the store. If the store fails
then, the next request for the object tries again. Requests that replace or end an object, or that rely on all objects
of a folder, wait for each other (`in_turn`).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from sealwax.service import ServiceError
from webbridge.delivery.fixed_error import FixedError
from webbridge.delivery.store.durable import (
    PRIVATE,
    Modes,
    disk_failures_named,
    make_file,
    make_folder,
    sync_folder,
    write_all,
    write_file,
)
from webbridge.delivery.store.locks import NoUpload, lock_folder, lock_upload
from webbridge.delivery.store.protocol import PIECE_BYTES, Store

_FOLDER: Final = re.compile("[0-9a-f]{32}")


class WrongOffset(
    FixedError,
    status=409,
    code="wrong-offset",
    text="The upload has reached another offset. Ask for it, and go on there.",
):
    """The request does not begin at the offset that the upload has reached."""


class TooManyBytes(
    FixedError, status=413, code="parcel-too-large", text="The request has more bytes than the object lacks."
):
    """The request has more bytes than the object."""


class Uploads:
    """The incomplete objects of one machine, on their way into a store."""

    def __init__(self, root: Path, store: Store, *, modes: Modes = PRIVATE) -> None:
        self._root = root
        self._store = store
        self._modes = modes

    def begin(self, folder: str, name: str) -> None:
        """Begin the upload of an object, or let an earlier upload go on. Raises StoreFull or StoreFailed."""
        if self._store.size_of(folder, name) is not None:
            return
        with disk_failures_named():
            place = self._root / folder
            make_folder(place, self._modes)
            # The file's name is synced only with the first bytes. After a crash without it, the client begins again.
            os.close(make_file(place / name, os.O_RDWR, self._modes))

    def offset_of(self, folder: str, name: str, *, size: int) -> int:
        """Return how many bytes of an object are stored. Raises NoUpload, UploadBusy, StoreFull or StoreFailed."""
        with disk_failures_named(), suppress(FileNotFoundError):
            offset = (self._root / folder / name).stat().st_size
            if offset < size:
                return offset
        return self.finish(folder, name, size=size)

    def append(self, folder: str, name: str, body: IO[bytes], *, size: int, offset: int) -> int:
        """Add the bytes of a request, and return the new offset when they are durable.

        If a request ends too early, its bytes are kept. Raises NoUpload, WrongOffset, UploadBusy, TooManyBytes,
        StoreFull or StoreFailed.
        """
        path = self._root / folder / name
        try:
            with disk_failures_named(), lock_upload(path) as descriptor:
                reached = os.fstat(descriptor).st_size
                if offset != reached:
                    raise WrongOffset
                reached = _append(descriptor, body, reached, size)
                if reached == size:
                    self._store.keep(folder, name, path)
                else:
                    sync_folder(path.parent)
        except NoUpload:
            if self._store.size_of(folder, name) != size:
                raise
            # The object is complete. A repeated last request, or an empty request, ends here.
            if offset != size:
                raise WrongOffset from None
            return size
        return reached

    def finish(self, folder: str, name: str, *, size: int) -> int:
        """Move a complete file into the store, if this failed before. Return the offset. Raises as `offset_of` does."""
        path = self._root / folder / name
        try:
            with disk_failures_named(), lock_upload(path) as descriptor:
                reached = os.fstat(descriptor).st_size
                if reached == size:
                    self._store.keep(folder, name, path)
                return reached
        except NoUpload:
            if self._store.size_of(folder, name) != size:
                raise
            return size

    def end(self, folder: str, name: str) -> None:
        """Delete an object that has come in part or whole. Raises NoUpload, UploadBusy or StoreFailed."""
        path = self._root / folder / name
        try:
            with disk_failures_named(), lock_upload(path):
                path.unlink()
        except NoUpload:
            if self._store.size_of(folder, name) is None:
                raise
            self._store.delete_object(folder, name)

    def replace(self, folder: str, name: str, data: bytes) -> None:
        """Store an object durably, and replace an object with the same name. The caller is `in_turn`.

        Readers find the old or the new object, also after a crash. Raises StoreFull or StoreFailed.
        """
        with disk_failures_named():
            place = self._root / folder
            make_folder(place, self._modes)
            # A process that was killed, or whose store failed, may have left a file.
            (place / name).unlink(missing_ok=True)
            write_file(place / name, data, self._modes)
            self._store.keep(folder, name, place / name)

    def missing(self, folder: str, sizes: Mapping[str, int]) -> list[str]:
        """Return the names of the objects that are missing or incomplete. Raises StoreFailed.

        A complete object that the store refused at the last request is moved into the store now.
        """
        missing = self._not_stored(folder, sizes)
        # Only objects that were begun are finished, because a store at a URL needs a separate request for each object.
        begun = self.names_in(folder) if missing else frozenset()
        for name in missing:
            if name in begun:
                with suppress(ServiceError):
                    self.finish(folder, name, size=sizes[name])
        return self._not_stored(folder, sizes) if begun else missing

    @contextmanager
    def in_turn(self, folder: str) -> Iterator[None]:
        """Wait for the other requests that rely on the objects of a folder. Raises StoreFull or StoreFailed."""
        with ExitStack() as lock:
            with disk_failures_named():
                lock.enter_context(lock_folder(self._root / folder, self._modes))
            yield

    def delete(self, folder: str) -> None:
        """Delete the incomplete objects of a parcel. Raises StoreFailed."""
        with disk_failures_named(), suppress(FileNotFoundError):
            shutil.rmtree(self._root / folder)

    def names_in(self, folder: str) -> frozenset[str]:
        """Return the names of a parcel's incomplete objects. Raises StoreFailed."""
        with disk_failures_named(), suppress(FileNotFoundError):
            return frozenset(os.listdir(self._root / folder))
        return frozenset()

    def changed_at(self, folder: str) -> float:
        """Return the time at which something was last added to a parcel, or 0 if the folder does not exist."""
        with disk_failures_named(), suppress(FileNotFoundError):
            place = self._root / folder
            newest = 0.0
            with os.scandir(place) as entries:
                for entry in entries:
                    # Another request may complete the object now, and move it out of the folder.
                    with suppress(FileNotFoundError):
                        newest = max(newest, entry.stat().st_mtime)
            # The folder's time is read last, because an object that is moved out changes this time.
            return max(newest, place.stat().st_mtime)
        return 0.0

    def _not_stored(self, folder: str, sizes: Mapping[str, int]) -> list[str]:
        stored = self._store.sizes_in(folder)
        return [name for name, size in sizes.items() if stored.get(name) != size]

    def folders(self) -> Iterator[tuple[str, float]]:
        """Return the folders of all uploads, each with the time of its last change. Raises StoreFailed."""
        with disk_failures_named(), suppress(FileNotFoundError):
            for entry in list(self._root.iterdir()):
                if _FOLDER.fullmatch(entry.name):
                    yield entry.name, self.changed_at(entry.name)


def _append(descriptor: int, body: IO[bytes], reached: int, size: int) -> int:
    start = reached
    try:
        while piece := _read_piece(body, min(PIECE_BYTES, size - reached + 1)):
            if reached + len(piece) > size:
                os.ftruncate(descriptor, start)
                raise TooManyBytes
            write_all(descriptor, piece)
            # This call starts the writing to the disk, so that little is left for the sync at the end.
            os.posix_fadvise(descriptor, reached, len(piece), os.POSIX_FADV_DONTNEED)
            reached += len(piece)
    finally:
        os.fsync(descriptor)
    return reached


def _read_piece(body: IO[bytes], most: int) -> bytes:
    try:
        return body.read(most)
    except OSError:
        # The client has disconnected. The disk has not failed.
        raise ServiceError(400, "bad-request", "The request ended too early. Go on at the upload's offset.") from None
