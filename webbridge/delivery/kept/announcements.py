"""The line of JSON at the beginning of a request that announces a new file, or a new version of the index."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from sealwax.service import ServiceError, parse_first_line
from webbridge.delivery.limits import MAX_INDEX_BYTES, MAX_KEPT_FILES, MAX_WHOLE_BYTES
from webbridge.delivery.members import number, several
from webbridge.delivery.objects import ObjectSizes
from webbridge.delivery.settings import ParcelsConfig
from webbridge.delivery.submission import ID, MANIFEST, OBJECTS, WHOLE

MAX_VERSION: Final = 2**53 - 1
"""The largest whole number in JSON that every client reads exactly (RFC 8259 section 6)."""
_VERSION: Final = number("version", 1, MAX_VERSION)
_KEPT: Final = several("kept", ID, MAX_KEPT_FILES).optional(())
_DELETED: Final = several("deleted", ID, MAX_KEPT_FILES).optional(())
NEW_FILE: Final = (ID, OBJECTS, MANIFEST, WHOLE)
NEW_INDEX: Final = (_VERSION, OBJECTS, MANIFEST, _KEPT, _DELETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile(ObjectSizes):
    """An announced file. If the file is not `is_whole`, `manifest_bytes` is the largest size of the manifest."""

    id: str
    is_whole: bool

    @property
    def canonical_bytes(self) -> bytes:
        """Bytes that are equal for equal announcements, for the digest of a request."""
        return json.dumps(["kept", self.id, self.objects, self.manifest_bytes, self.is_whole]).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIndex(ObjectSizes):
    """A version of the index. `kept` are the ids of the files that it adds, and `deleted` of those that it removes."""

    version: int
    kept: tuple[str, ...]
    deleted: tuple[str, ...]


def parse_new_file(line: bytes, config: ParcelsConfig) -> NewFile:
    """Return the file of a line. Raises ServiceError."""
    members = parse_first_line(line)
    file = NewFile(
        id=ID.read(members),
        objects=OBJECTS.read(members),
        manifest_bytes=MANIFEST.read(members),
        is_whole=WHOLE.read(members),
    )
    if file.total_bytes > (MAX_WHOLE_BYTES if file.is_whole else config.max_parcel_bytes):
        raise ServiceError(413, "parcel-too-large", "The file is larger than this server takes.")
    return file


def parse_new_index(line: bytes) -> NewIndex:
    """Return the index of a line. Raises ServiceError."""
    members = parse_first_line(line)
    index = NewIndex(
        version=_VERSION.read(members),
        objects=OBJECTS.read(members),
        manifest_bytes=MANIFEST.read(members),
        kept=tuple(dict.fromkeys(_KEPT.read(members))),
        deleted=tuple(dict.fromkeys(_DELETED.read(members))),
    )
    if index.total_bytes > MAX_INDEX_BYTES:
        raise ServiceError(413, "parcel-too-large", "The index of the files is larger than this server takes.")
    return index
