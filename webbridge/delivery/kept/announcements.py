"""The lines of JSON with which requests about kept files begin: a new file, and a new version of the index."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from sealwax.service import ServiceError
from webbridge.delivery.ids import is_parcel_id
from webbridge.delivery.limits import MAX_INDEX_BYTES, MAX_KEPT_FILES, MAX_MANIFEST_BYTES, MAX_WHOLE_BYTES
from webbridge.delivery.settings import ParcelsConfig
from webbridge.delivery.submission import bad_request, parse_flag, parse_members, parse_sizes, whole_number

MAX_VERSION: Final = 2**53 - 1
"""The largest whole number in JSON that every client reads exactly (RFC 8259 section 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """An announced file. `manifest_bytes` is the manifest's size, or its largest size unless the file comes whole."""

    id: str
    objects: tuple[int, ...]
    manifest_bytes: int
    is_whole: bool

    @property
    def total_bytes(self) -> int:
        """The bytes to reserve."""
        return sum(self.objects) + self.manifest_bytes

    @property
    def canonical_bytes(self) -> bytes:
        """Bytes that are equal for equal announcements, for the digest of a request."""
        return json.dumps(["kept", self.id, self.objects, self.manifest_bytes, self.is_whole]).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIndex:
    """A version of the index. `kept` has the ids of files that it adds, `deleted` of files that it removes."""

    version: int
    objects: tuple[int, ...]
    manifest_bytes: int
    kept: tuple[str, ...]
    deleted: tuple[str, ...]

    @property
    def total_bytes(self) -> int:
        """The bytes of its objects."""
        return sum(self.objects) + self.manifest_bytes


def parse_new_file(line: bytes, config: ParcelsConfig) -> NewFile:
    """Return the file of a line. Raises ServiceError."""
    members = parse_members(line)
    file = NewFile(
        id=_parse_id(members.get("id")),
        objects=parse_sizes(members.get("objects")),
        manifest_bytes=whole_number(members, "manifest", 1, MAX_MANIFEST_BYTES),
        is_whole=parse_flag(members.get("whole", False)),
    )
    if file.total_bytes > (MAX_WHOLE_BYTES if file.is_whole else config.max_parcel_bytes):
        raise ServiceError(413, "parcel-too-large", "The file is larger than this server takes.")
    return file


def parse_new_index(line: bytes) -> NewIndex:
    """Return the index of a line. Raises ServiceError."""
    members = parse_members(line)
    index = NewIndex(
        version=whole_number(members, "version", 1, MAX_VERSION),
        objects=parse_sizes(members.get("objects")),
        manifest_bytes=whole_number(members, "manifest", 1, MAX_MANIFEST_BYTES),
        kept=_parse_ids(members, "kept"),
        deleted=_parse_ids(members, "deleted"),
    )
    if index.total_bytes > MAX_INDEX_BYTES:
        raise ServiceError(413, "parcel-too-large", "The index of the files is larger than this server takes.")
    return index


def _parse_ids(members: dict[str, Any], name: str) -> tuple[str, ...]:
    value = members.get(name, [])
    if not isinstance(value, list) or len(value) > MAX_KEPT_FILES:
        raise bad_request(f"The member {name} is a list of at most {MAX_KEPT_FILES} ids.")
    return tuple(dict.fromkeys(map(_parse_id, value)))


def _parse_id(value: object) -> str:
    if not isinstance(value, str) or not is_parcel_id(value):
        raise bad_request("The id of a file is 16 bytes as base64url, 22 characters.")
    return value
