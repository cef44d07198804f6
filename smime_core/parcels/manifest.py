"""The manifest of a parcel: its files in order, and the hash of every chunk. The content is JSON:

    {"version": "sealwax-parcel-1", "parcel": the parcel's id, "from": address, "to": [addresses],
    "created": "2026-01-31T12:00:00Z", "files": [{"name": "photo.jpg", "bytes": size of the file,
    "chunks": [{"bytes": size of the chunk's CMS, "sha256": hash of the chunk's CMS in hexadecimal}, ...]}, ...]}

Every chunk of a file except the last has CHUNK_BYTES of content. An empty file has no chunk. The chunks of all files
are numbered from 0. The number is the chunk's name on the server. The id of a parcel is 16 random bytes, which the
sender chooses, in base64url without padding (RFC 4648 section 5).
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.errors import MalformedMessage
from smime_core.limits import (
    MAX_PARCEL_CHUNK_OVERHEAD_BYTES,
    MAX_PARCEL_CHUNKS,
    MAX_PARCEL_FILES,
    MAX_PARCEL_JSON_TOKENS,
    MAX_PARCEL_MANIFEST_BYTES,
    MAX_PARCEL_NAME_BYTES,
    MAX_PARCEL_RECIPIENTS,
    check_limit,
)
from smime_core.own_content.own_content import build_members
from smime_core.provider import CryptoProvider
from smime_core.text import JsonObject, parse_address, write_base64url

VERSION: Final = "sealwax-parcel-1"
CHUNK_BYTES: Final = 16_777_216
MESSAGE_NAME: Final = "message.eml"
MANIFEST_OBJECT: Final = "manifest"

_WHERE: Final = "parcel manifest"
_MEMBERS: Final = ("version", "parcel", "from", "to", "created", "files")
_FILE_MEMBERS: Final = ("name", "bytes", "chunks")
_CHUNK_MEMBERS: Final = ("bytes", "sha256")
_ID_BYTES: Final = 16
# The last of 22 characters has two bits of the id. Its other bits are zero, so that one id has one text.
_ID: Final = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]")
_SHA256: Final = re.compile("[0-9a-f]{64}")
# Separators of folders, and marks of the writing direction, which can make "gpj.exe" look like "exe.jpg".
_UNWANTED_IN_NAMES: Final = re.compile(r"[/\\\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelChunk:
    """One chunk: the sizes of its CMS structure and of its content in bytes, and the SHA-256 of the structure."""

    cms_bytes: int
    content_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelFile:
    """One file of a parcel. `size_bytes` is the sum of the contents of its chunks."""

    name: str
    size_bytes: int
    chunks: Sequence[ParcelChunk]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The content of a manifest. `sender` and `recipients` are mail addresses; `created` is in UTC."""

    parcel: str
    sender: str
    recipients: Sequence[str]
    created: datetime.datetime
    files: Sequence[ParcelFile]

    @property
    def chunks(self) -> tuple[ParcelChunk, ...]:
        """The chunks of all files. The number of a chunk is its index here."""
        return tuple(chunk for file in self.files for chunk in file.chunks)

    @property
    def message(self) -> ParcelFile | None:
        """The written message, a MIME entity, or None if the parcel has only files."""
        return self.files[0] if self.files and self.files[0].name == MESSAGE_NAME else None


def make_parcel_id(provider: CryptoProvider) -> str:
    """The id of a new parcel."""
    return write_base64url(provider.random_bytes(_ID_BYTES))


def is_parcel_id(text: str) -> bool:
    """Whether the text is the id of a parcel."""
    return _ID.fullmatch(text) is not None


def chunk_lengths(size_bytes: int) -> list[int]:
    """The content lengths of the chunks of a file of this size. Raises LimitExceeded."""
    whole, rest = divmod(size_bytes, CHUNK_BYTES)
    check_limit("chunks of a parcel", whole + bool(rest), MAX_PARCEL_CHUNKS)
    return [CHUNK_BYTES] * whole + [rest] * bool(rest)


def check_file_name(name: str) -> None:
    """Raise MalformedMessage for a name that no file in a parcel may have, LimitExceeded for too long a name."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise MalformedMessage("a file name holds half of a surrogate pair", _WHERE) from None
    check_limit("bytes of a file name", length, MAX_PARCEL_NAME_BYTES)
    if name in ("", ".", ".."):
        raise MalformedMessage("a file without a name", _WHERE)
    if _UNWANTED_IN_NAMES.search(name) or any(unicodedata.category(character) == "Cc" for character in name):
        raise MalformedMessage("a file name holds a separator, a control or a direction character", _WHERE)


def write_manifest(manifest: Manifest) -> bytes:
    """The JSON of a manifest. Raises MalformedMessage or LimitExceeded if `read_manifest` would refuse it."""
    if manifest.created.utcoffset() != datetime.timedelta(0):
        raise MalformedMessage("created is not in UTC", _WHERE)
    content = build_members(
        version=VERSION,
        parcel=manifest.parcel,
        **{"from": manifest.sender},
        to=list(manifest.recipients),
        created=manifest.created.replace(microsecond=0, tzinfo=None).isoformat() + "Z",
        files=[
            {
                "name": file.name,
                "bytes": file.size_bytes,
                "chunks": [{"bytes": chunk.cms_bytes, "sha256": chunk.sha256} for chunk in file.chunks],
            }
            for file in manifest.files
        ],
    )
    read_manifest(content)
    return content


def read_manifest(content: Buffer) -> Manifest:
    """Parse the JSON of a manifest. Raises MalformedMessage or LimitExceeded."""
    members = JsonObject.of_version(
        bytes(content),
        _MEMBERS,
        VERSION,
        _WHERE,
        max_bytes=MAX_PARCEL_MANIFEST_BYTES,
        max_tokens=MAX_PARCEL_JSON_TOKENS,
    )
    if not is_parcel_id(members.text("parcel")):
        raise MalformedMessage("parcel is no id of a parcel", _WHERE)
    recipients = members.texts("to", limit=MAX_PARCEL_RECIPIENTS)
    if any(parse_address(address) is None for address in (members.text("from"), *recipients)):
        raise MalformedMessage("from or to is no mail address", _WHERE)
    files = [_read_file(value) for value in members.values("files", limit=MAX_PARCEL_FILES)]
    check_limit("chunks of a parcel", sum(len(file.chunks) for file in files), MAX_PARCEL_CHUNKS)
    # Names that differ only in the case of letters are one name in many file systems.
    names = {unicodedata.normalize("NFC", file.name).casefold() for file in files}
    if len(names) != len(files):
        raise MalformedMessage("two files have one name", _WHERE)
    return Manifest(
        parcel=members.text("parcel"),
        sender=members.text("from"),
        recipients=recipients,
        created=members.time("created"),
        files=tuple(files),
    )


def _read_file(value: object) -> ParcelFile:
    members = JsonObject.of(value, _FILE_MEMBERS, f"file of {_WHERE}")
    name, size_bytes = members.text("name"), members.number("bytes")
    check_file_name(name)
    lengths = chunk_lengths(size_bytes)
    chunks = members.values("chunks", limit=MAX_PARCEL_CHUNKS)
    if len(chunks) != len(lengths):
        raise MalformedMessage(f"{len(chunks)} chunks of a file, expected {len(lengths)}", _WHERE)
    return ParcelFile(
        name=name,
        size_bytes=size_bytes,
        chunks=tuple(_read_chunk(chunk, length) for chunk, length in zip(chunks, lengths, strict=True)),
    )


def _read_chunk(value: object, content_bytes: int) -> ParcelChunk:
    members = JsonObject.of(value, _CHUNK_MEMBERS, f"chunk of {_WHERE}")
    cms_bytes, sha256 = members.number("bytes"), members.text("sha256")
    if not content_bytes < cms_bytes <= content_bytes + MAX_PARCEL_CHUNK_OVERHEAD_BYTES:
        raise MalformedMessage(f"a chunk of {cms_bytes} bytes for {content_bytes} bytes of content", _WHERE)
    if not _SHA256.fullmatch(sha256):
        raise MalformedMessage("sha256 is not SHA-256 in hexadecimal", _WHERE)
    return ParcelChunk(cms_bytes=cms_bytes, content_bytes=content_bytes, sha256=sha256)
