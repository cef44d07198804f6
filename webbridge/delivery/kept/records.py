"""The records of kept files and of their index, as frozen dataclasses, and the errors about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from sealwax.service import ServiceError


class KeptStage(StrEnum):
    """The stage of a kept file's record, as stable words in the table."""

    UPLOADING = "uploading"
    COMPLETE = "complete"
    """All bytes have come, and no index names the file yet."""
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """The record of a kept file. Until the file is complete, `manifest_bytes` is the manifest's largest size."""

    id: str
    account: str
    folder: str
    objects: tuple[int, ...]
    manifest_bytes: int
    is_whole: bool
    stage: KeptStage


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIndex:
    """The record of an account's index. Before the first index, it is version 0 without a folder."""

    version: int = 0
    folder: str = ""
    objects: tuple[int, ...] = ()
    manifest_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """The number of bytes of the index's objects, which the store keeps as one object."""
        return sum(self.objects) + self.manifest_bytes


class NoFile(ServiceError):
    """The account keeps no such file."""

    def __init__(self) -> None:
        super().__init__(404, "no-such-file", "You keep no such file.")


class FileIdUsed(ServiceError):
    """The id belongs to another file of the account, or to a file that is kept."""

    def __init__(self) -> None:
        super().__init__(409, "id-used", "This id belongs to another file. Keep this one under a new id.")


class FileIncomplete(ServiceError):
    """Some objects of the file are missing or incomplete."""

    def __init__(self) -> None:
        super().__init__(409, "incomplete", "Some objects of the file have not come whole. Send the rest of them.")


class IndexChanged(ServiceError):
    """Another device has stored another version of the index."""

    def __init__(self) -> None:
        super().__init__(
            409,
            "index-changed",
            "Another device has changed the list of your files. Read it again, and repeat your change.",
        )


class TooManyFiles(ServiceError):
    """The account has reached the largest number of files that it may keep."""

    def __init__(self) -> None:
        super().__init__(507, "too-many-files", "You keep as many files as you may. Delete some first.")


def file_of(row: Row[Any]) -> KeptFile:
    """Return the file of a row."""
    return KeptFile(
        id=row.id,
        account=row.account,
        folder=row.folder,
        objects=tuple(json.loads(row.objects)),
        manifest_bytes=row.manifest_bytes,
        is_whole=bool(row.is_whole),
        stage=KeptStage(row.stage),
    )


def index_of(row: Row[Any] | None) -> StoredIndex:
    """Return the index of a row."""
    if row is None:
        return StoredIndex()
    return StoredIndex(
        version=row.version,
        folder=row.folder,
        objects=tuple(json.loads(row.objects)),
        manifest_bytes=row.manifest_bytes,
    )
