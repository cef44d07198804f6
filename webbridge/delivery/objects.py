"""The objects of a parcel or a kept file: chunks that are numbered from 0, and a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from webbridge.delivery.ids import MANIFEST, number_of
from webbridge.delivery.members import bad_request
from webbridge.delivery.store import WHOLE


class HasObjects(Protocol):
    """The record of a parcel or kept file whose objects are in the store."""

    @property
    def folder(self) -> str:
        """The name of the folder of the objects in the store."""

    @property
    def objects(self) -> tuple[int, ...]:
        """The number of bytes of each chunk."""

    @property
    def manifest_bytes(self) -> int:
        """The number of bytes of the manifest."""

    @property
    def is_whole(self) -> bool:
        """Whether the store has all chunks and the manifest as one object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSizes:
    """The sizes of the chunks, which are `objects`, and of the manifest."""

    objects: tuple[int, ...]
    manifest_bytes: int

    @property
    def total_bytes(self) -> int:
        """The number of bytes of all objects."""
        return sum(self.objects) + self.manifest_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """The place of an object's bytes: from `start` on in an object of the store."""

    folder: str
    name: str
    start: int
    size: int
    is_part: bool


def chunk_sizes(record: HasObjects) -> dict[str, int]:
    """Return the size of each chunk by its name."""
    return {str(number): size for number, size in enumerate(record.objects)}


def announced_sizes(record: HasObjects) -> dict[str, int]:
    """Return the size of each object by its name."""
    return {**chunk_sizes(record), MANIFEST: record.manifest_bytes}


def check_manifest(record: HasObjects, manifest: bytes) -> None:
    """Check that a manifest has no more bytes than were announced. Raises ServiceError."""
    if not 0 < len(manifest) <= record.manifest_bytes:
        raise bad_request(f"A manifest of 1 to {record.manifest_bytes} bytes is expected.")


def size_of(record: HasObjects, name: str) -> int | None:
    """Return the size of an object that was announced, or None for any other name."""
    if name == MANIFEST:
        return record.manifest_bytes
    number = number_of(name)
    return record.objects[number] if number is not None and number < len(record.objects) else None


def find_object(record: HasObjects, name: str) -> StoredObject | None:
    """Return the place of an object, or None if there is none of this name."""
    size = size_of(record, name)
    if size is None:
        return None
    if not record.is_whole:
        return StoredObject(folder=record.folder, name=name, start=0, size=size, is_part=False)
    before = record.objects if name == MANIFEST else record.objects[: int(name)]
    return StoredObject(folder=record.folder, name=WHOLE, start=sum(before), size=size, is_part=True)
