"""The interface of a store of parcels, and its errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from webbridge.delivery.fixed_error import FixedError

WHOLE: Final = "whole"
"""The object of a parcel that came in one request: its chunks in order, then its manifest."""
PIECE_BYTES: Final = 256 * 1024
_RETRY_SECONDS: Final = 30


class StoreFailed(
    FixedError,
    status=503,
    code="store-unavailable",
    text="This server cannot use its store of parcels now. Try again in a moment.",
    retry_seconds=_RETRY_SECONDS,
):
    """The store does not work now. The client gets no details."""


class StoreFull(
    FixedError,
    status=507,
    code="store-full",
    text="This server has no room for the parcel now. Try again later, or ask your administrator.",
    retry_seconds=_RETRY_SECONDS,
):
    """The disk has no room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The place of an object that the bridge does not send itself: a path for the proxy, or a URL of the store."""

    accel_path: str = ""
    url: str = ""


class Store(Protocol):
    """Objects in folders. Each call raises StoreFailed if the store does not work."""

    def write_whole(self, folder: str, data: bytes) -> None:
        """Store the object WHOLE durably. Raises StoreFull."""

    def keep(self, folder: str, name: str, file: Path) -> None:
        """Move the bytes of a synced file into the store, durably.

        An object of this name is replaced. Readers find either the whole earlier object or the whole new one. Raises
        StoreFull.
        """

    def size_of(self, folder: str, name: str) -> int | None:
        """Return the size of an object, or None if there is none."""

    def sizes_in(self, folder: str) -> Mapping[str, int]:
        """Return the sizes of all objects of a folder."""

    def read(self, folder: str, name: str, start: int, size: int) -> Iterator[bytes]:
        """Return `size` bytes of an object in pieces. Raises StoreFailed at once if the object does not exist."""

    def find_elsewhere(self, folder: str, name: str) -> Elsewhere | None:
        """Return the place from which a client gets an object without the bridge, or None."""

    def delete(self, folder: str) -> None:
        """Delete a folder with its objects, if there is one."""

    def delete_object(self, folder: str, name: str) -> None:
        """Delete an object, if there is one."""

    def folders(self) -> Iterator[tuple[str, float]]:
        """Return all folders, each with the time of its last change."""

    def free_bytes(self) -> int | None:
        """Return the bytes that are free, or None if the store does not say."""
