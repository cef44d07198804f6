"""The store in a folder of this machine. The proxy may send its bytes with X-Accel-Redirect.

ab/cdef…/0           an object of the parcel with the folder abcdef…
upload/abcdef…/0     an object that has not come whole (`uploads`)
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from webbridge.delivery.store.durable import (
    FOR_PROXY,
    PRIVATE,
    closing_file,
    disk_failures_named,
    make_folder,
    sync_folder,
    write_file,
)
from webbridge.delivery.store.protocol import PIECE_BYTES, WHOLE, Elsewhere, StoreFailed

_SHARD: Final = re.compile("[0-9a-f]{2}")
_UPLOADS: Final = "upload"


class DiskStore:
    """The objects of one folder."""

    def __init__(self, root: str | Path, *, accel_path: str = "") -> None:
        self._root = Path(root)
        self._accel_path = accel_path
        self.modes = FOR_PROXY if accel_path else PRIVATE

    @property
    def upload_folder(self) -> Path:
        """The folder for incomplete objects, on the disk of the store."""
        return self._root / _UPLOADS

    def write_whole(self, folder: str, data: bytes) -> None:
        """Store the object WHOLE durably. Raises StoreFull or StoreFailed."""
        with disk_failures_named():
            place = self._place(folder)
            make_folder(place, self.modes)
            # No record names the folder yet, so nobody reads the file before it is synced.
            write_file(place / WHOLE, data, self.modes)
            sync_folder(place)

    def keep(self, folder: str, name: str, file: Path) -> None:
        """Move a synced file from the upload folder to the objects. Raises StoreFull or StoreFailed."""
        with disk_failures_named():
            place = self._place(folder)
            make_folder(place, self.modes)
            file.rename(place / name)
            sync_folder(place)

    def size_of(self, folder: str, name: str) -> int | None:
        """Return the size of an object, or None if there is none. Raises StoreFailed."""
        with disk_failures_named():
            try:
                return (self._place(folder) / name).stat().st_size
            except FileNotFoundError:
                return None

    def sizes_in(self, folder: str) -> Mapping[str, int]:
        """Return the sizes of all objects of a folder. Raises StoreFailed."""
        with disk_failures_named():
            try:
                with os.scandir(self._place(folder)) as entries:
                    return {entry.name: entry.stat().st_size for entry in entries}
            except FileNotFoundError:
                return {}

    def read(self, folder: str, name: str, start: int, size: int) -> Iterator[bytes]:
        """Return `size` bytes of an object in pieces. The file stays readable if it is deleted meanwhile."""
        with disk_failures_named():
            descriptor = os.open(self._place(folder) / name, os.O_RDONLY)
        return _read_pieces(descriptor, start, size)

    def find_elsewhere(self, folder: str, name: str) -> Elsewhere | None:
        """Return the path of an object in the proxy's internal location, or None if the proxy has no such location."""
        if not self._accel_path:
            return None
        return Elsewhere(accel_path=f"{self._accel_path}/{folder[:2]}/{folder[2:]}/{name}")

    def delete(self, folder: str) -> None:
        """Delete a folder with its objects. Raises StoreFailed."""
        with disk_failures_named(), suppress(FileNotFoundError):
            shutil.rmtree(self._place(folder))

    def delete_object(self, folder: str, name: str) -> None:
        """Delete an object. Raises StoreFailed."""
        with disk_failures_named():
            (self._place(folder) / name).unlink(missing_ok=True)

    def folders(self) -> Iterator[tuple[str, float]]:
        """Return all folders with the times of their last changes. Raises StoreFailed."""
        with disk_failures_named():
            shards = [entry for entry in self._root.iterdir() if _SHARD.fullmatch(entry.name)]
            for shard in shards:
                for entry in shard.iterdir():
                    # Another process may delete the folder now.
                    with suppress(FileNotFoundError):
                        yield shard.name + entry.name, entry.stat().st_mtime

    def free_bytes(self) -> int | None:
        """Return the room on the disk. Raises StoreFailed."""
        with disk_failures_named():
            make_folder(self._root, self.modes)
            return shutil.disk_usage(self._root).free

    def _place(self, folder: str) -> Path:
        return self._root / folder[:2] / folder[2:]


def _read_pieces(descriptor: int, start: int, size: int) -> Iterator[bytes]:
    with closing_file(descriptor):
        position, end = start, start + size
        while position < end:
            try:
                piece = os.pread(descriptor, min(PIECE_BYTES, end - position), position)
            except OSError:
                raise StoreFailed from None
            if not piece:
                raise StoreFailed
            position += len(piece)
            yield piece
