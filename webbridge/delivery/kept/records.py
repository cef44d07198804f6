"""The records of kept files and of their index, as frozen dataclasses, and the errors about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from webbridge.delivery.fixed_error import FixedError
from webbridge.delivery.objects import ObjectSizes


class KeptStage(StrEnum):
    """The stage of a kept file's record, as stable words in the table."""

    UPLOADING = "uploading"
    COMPLETE = "complete"
    """All bytes have come, and no index names the file yet."""
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile(ObjectSizes):
    """The record of a kept file. Until the file is complete, `manifest_bytes` is the manifest's largest size."""

    id: str
    account: str
    folder: str
    is_whole: bool
    stage: KeptStage


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIndex(ObjectSizes):
    """The record of an account's index. Before the first index, it is version 0 without a folder."""

    version: int = 0
    folder: str = ""
    objects: tuple[int, ...] = ()
    manifest_bytes: int = 0


class NoFile(FixedError, status=404, code="no-such-file", text="You keep no such file."):
    """The account keeps no such file."""


class FileIdUsed(
    FixedError, status=409, code="id-used", text="This id belongs to another file. Keep this one under a new id."
):
    """The id belongs to another file of the account, or to a file that is kept."""


class FileIncomplete(
    FixedError,
    status=409,
    code="incomplete",
    text="Some objects of the file have not come whole. Send the rest of them.",
):
    """Some objects of the file are missing or incomplete."""


class IndexChanged(
    FixedError,
    status=409,
    code="index-changed",
    text="Another device has changed the list of your files. Read it again, and repeat your change.",
):
    """Another device has stored another version of the index."""


class TooManyFiles(
    FixedError, status=507, code="too-many-files", text="You keep as many files as you may. Delete some first."
):
    """The account has reached the largest number of files that it may keep."""


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
