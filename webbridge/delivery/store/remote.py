"""The store at a URL of fsspec, such as an S3-compatible service.

One call stores each object. The service answers the call when the bytes are durable. The errors of the packages behind
fsspec have no common base class, so every error means that the store does not work.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from sealwax.service import ServiceError
from webbridge.delivery.store.protocol import WHOLE, Elsewhere, StoreFailed

_PIECE_BYTES: Final = 1024 * 1024  # Each piece is a separate request.
_OBJECT: Final = re.compile("/([0-9a-f]{2})/([0-9a-f]{30})/[^/]+$")
_log = logging.getLogger(__name__)


class RemoteStore:
    """The objects below one URL.

    It connects when it is first used, in each worker after the fork.
    """

    def __init__(self, url: str, *, endpoint: str = "", presigned_seconds: int = 0) -> None:
        self._url = url
        self._endpoint = endpoint
        self._presigned_seconds = presigned_seconds

    def write_whole(self, folder: str, data: bytes) -> None:
        """Store the object WHOLE. Raises StoreFailed."""
        with _failures_named():
            self._make_folder(folder)
            self._files.pipe_file(self._key(folder, WHOLE), data)

    def keep(self, folder: str, name: str, file: Path) -> None:
        """Store the bytes of a file, and delete the file. Raises StoreFailed."""
        with _failures_named():
            self._make_folder(folder)
            self._files.put_file(str(file), self._key(folder, name))
        file.unlink(missing_ok=True)

    def size_of(self, folder: str, name: str) -> int | None:
        """Return the size of an object, or None if there is none. Raises StoreFailed."""
        with _failures_named():
            try:
                return int(self._files.info(self._key(folder, name))["size"])
            except FileNotFoundError:
                return None

    def sizes_in(self, folder: str) -> Mapping[str, int]:
        """Return the sizes of all objects of a folder. Raises StoreFailed."""
        with _failures_named():
            # Listings are cached, and another process may have added an object.
            self._files.invalidate_cache()
            try:
                entries = self._files.ls(self._place(folder), detail=True)
            except FileNotFoundError:
                return {}
            return {
                str(entry["name"]).rpartition("/")[2]: int(entry["size"])
                for entry in entries
                if entry["type"] == "file"
            }

    def read(self, folder: str, name: str, start: int, size: int) -> Iterator[bytes]:
        """Return `size` bytes of an object in pieces. Raises StoreFailed at once if the object does not exist."""
        first = self._read_piece(folder, name, start, size)
        return self._pieces(first, folder, name, start, size)

    def find_elsewhere(self, folder: str, name: str) -> Elsewhere | None:
        """Return a URL of the object that is valid for some time, or None if the configuration allows no such URLs."""
        if not self._presigned_seconds:
            return None
        with _failures_named():
            return Elsewhere(url=self._files.sign(self._key(folder, name), expiration=self._presigned_seconds))

    def delete(self, folder: str) -> None:
        """Delete a folder with its objects. Raises StoreFailed."""
        with _failures_named():
            self._files.invalidate_cache()
            if self._files.exists(self._place(folder)):
                self._files.rm(self._place(folder), recursive=True)

    def delete_object(self, folder: str, name: str) -> None:
        """Delete an object. Raises StoreFailed."""
        with _failures_named():
            self._files.invalidate_cache()
            if self._files.exists(self._key(folder, name)):
                self._files.rm_file(self._key(folder, name))

    def folders(self) -> Iterator[tuple[str, float]]:
        """Return all folders with the times of their last changes. Raises StoreFailed."""
        with _failures_named():
            self._files.invalidate_cache()
            if not self._files.exists(self._root):
                return
            newest: dict[str, float] = {}
            for path, entry in self._files.find(self._root, detail=True).items():
                match = _OBJECT.search(str(path))
                if match is not None:
                    folder = match[1] + match[2]
                    newest[folder] = max(newest.get(folder, 0.0), _changed_at(entry))
        yield from newest.items()

    def free_bytes(self) -> int | None:
        """Return None, because such a store does not report its free bytes."""
        return None

    @cached_property
    def _files(self) -> Any:
        import fsspec

        protocol = self._url.partition("://")[0]
        return fsspec.filesystem(protocol, **self._options())

    def _options(self) -> dict[str, Any]:
        if not self._endpoint:
            return {}
        options: dict[str, Any] = {"client_kwargs": {"endpoint_url": self._endpoint}}
        # Most services accept only this signature, but the client's default for URLs is an older one.
        return {**options, "config_kwargs": {"signature_version": "s3v4"}} if self._presigned_seconds else options

    @cached_property
    def _root(self) -> str:
        return str(self._files._strip_protocol(self._url)).rstrip("/")

    def _place(self, folder: str) -> str:
        return f"{self._root}/{folder[:2]}/{folder[2:]}"

    def _key(self, folder: str, name: str) -> str:
        return f"{self._place(folder)}/{name}"

    def _make_folder(self, folder: str) -> None:
        # An object store has no folders. Making a folder there would make a bucket.
        if not self._url.startswith(("s3://", "gs://", "gcs://", "abfs://", "az://")):
            self._files.makedirs(self._place(folder), exist_ok=True)

    def _read_piece(self, folder: str, name: str, start: int, size: int) -> bytes:
        length = min(_PIECE_BYTES, size)
        with _failures_named():
            piece = bytes(self._files.cat_file(self._key(folder, name), start=start, end=start + length))
        if len(piece) != length:
            raise StoreFailed
        return piece

    def _pieces(self, first: bytes, folder: str, name: str, start: int, size: int) -> Iterator[bytes]:
        yield first
        offset = len(first)
        while offset < size:
            piece = self._read_piece(folder, name, start + offset, size - offset)
            offset += len(piece)
            yield piece


def _changed_at(info: dict[str, Any]) -> float:
    """Return the time of an object's last change. Each backend of fsspec has its own name for this time."""
    for name in ("LastModified", "last_modified", "mtime", "created"):
        value = info.get(name)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
    return 0.0


@contextmanager
def _failures_named() -> Iterator[None]:
    try:
        yield
    except ServiceError:
        raise
    except Exception as error:  # noqa: BLE001 (the packages behind fsspec have no common error)
        # The text of the error names the object, and perhaps its address.
        _log.error("the store of parcels failed: %s", type(error).__name__)
        raise StoreFailed from None
