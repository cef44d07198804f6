"""A CMS structure in two pieces: a skeleton, which is the structure in DER without its content, and the content.

The content may have any size. The parsers of `signed_data`, `enveloped_data` and so on read the skeleton like any
structure (RFC 5652 sections 3, 5 to 9; RFC 5083; RFC 3274).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from smime_core.asn1 import der
from smime_core.cms.content_info import (
    ID_AUTH_ENVELOPED_DATA,
    ID_COMPRESSED_DATA,
    ID_ENVELOPED_DATA,
    ID_SIGNED_DATA,
    MAX_FILLER_BYTES,
    ContentInfo,
    build_content_info,
    check_trailing,
    parse_content_info,
)
from smime_core.cms.signed_data import is_any_content
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.limits import MAX_STRUCTURE_BYTES, check_limit
from smime_core.stream.cursor import INDEFINITE, Cursor, Header
from smime_core.stream.octets import DerivedOctets, FileOctets, Octets, slice_octets

# For each kind of structure, which of its SEQUENCEs contains the content, counted from 1.
_HOLDERS: Final = {ID_SIGNED_DATA: 1, ID_ENVELOPED_DATA: 1, ID_AUTH_ENVELOPED_DATA: 1, ID_COMPRESSED_DATA: 2}
_ENCRYPTED_CONTENT: Final = 0x80  # [0] IMPLICIT OCTET STRING
_EXPLICIT_CONTENT: Final = 0xA0
_END_OF_CONTENTS: Final = Header(0, 0)
_CMS: Final = "CMS"
_CONTENT: Final = "content"


class _ReadingProgress(Enum):
    """The progress of the first reading of the content."""

    NOT_BEGUN = auto()
    BEGUN = auto()
    DONE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The two pieces. `skeleton` has an empty OCTET STRING for the content; `content` is None if it is detached."""

    skeleton: ContentInfo
    content: Octets | None


async def split_structure(octets: Octets) -> Structure:
    """The ContentInfo in `octets`, in BER or DER.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm for a content type without bulk content.
    """
    return await (await begin_structure(octets)).finish()


async def begin_structure(octets: Octets) -> BegunStructure:
    """The ContentInfo in `octets`, read up to its content. The bytes after that may not have arrived yet.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm for a content type without bulk content.
    """
    cursor = Cursor(octets)
    outer = await _enter(cursor, der.SEQUENCE, where="ContentInfo")
    type_der = await cursor.take_element(await cursor.take_header(where="ContentInfo"), where="ContentInfo")
    content_type = der.parse_oid(der.read_one(type_der), where="ContentInfo")
    if content_type not in _HOLDERS:
        raise UnsupportedAlgorithm(content_type, "content type")
    explicit = await _enter(cursor, _EXPLICIT_CONTENT, where="ContentInfo")
    begun = BegunStructure(octets, cursor, content_type, (outer, explicit))
    await begun.read_fields_before()
    return begun


@dataclass(frozen=True, slots=True)
class _Level:
    """A constructed element whose children are being read. `end` is the position of its end, or INDEFINITE."""

    end: int

    async def has_next(self, cursor: Cursor, where: str) -> Header | None:
        """The header of the next child, or None at the end."""
        if self.end != INDEFINITE and cursor.position >= self.end:
            if cursor.position > self.end:
                raise MalformedMessage("an element is longer than the one around it", where)
            return None
        header = await cursor.take_header(where)
        return None if self.end == INDEFINITE and header == _END_OF_CONTENTS else header


async def _enter(cursor: Cursor, tag: int, where: str) -> _Level:
    return _level(cursor, await cursor.take_header(where), tag, where)


def _level(cursor: Cursor, header: Header, tag: int, where: str) -> _Level:
    if header.tag != tag:
        raise MalformedMessage(f"found tag 0x{header.tag:02x}, expected 0x{tag:02x}", where)
    return _Level(INDEFINITE if header.length == INDEFINITE else cursor.position + header.length)


class BegunStructure:
    """A ContentInfo that is being read. Reading stops before the content and continues on request."""

    def __init__(self, octets: Octets, cursor: Cursor, content_type: str, around: tuple[_Level, _Level]) -> None:
        self.content_type = content_type
        self.content: Octets | None = None
        self._octets = octets
        self._cursor = cursor
        self._around = around
        self._fields: list[bytes] = []
        self._size = 0
        self._progress = _ReadingProgress.NOT_BEGUN
        self._explicit: _Level | None = None

    async def read_fields_before(self) -> None:
        """Advance to the content, or to the end of a structure without content."""
        self._body = await _enter(self._cursor, der.SEQUENCE, where=_CMS)
        until_holder = _HOLDERS[self.content_type]
        while (header := await self._body.has_next(self._cursor, where=_CMS)) is not None:
            until_holder -= header.tag == der.SEQUENCE
            if header.tag == der.SEQUENCE and not until_holder:
                self._holder = _level(self._cursor, header, der.SEQUENCE, where=_CONTENT)
                self._add(await self._read_holder())
                return
            self._add(await self._cursor.take_element(header, where=_CMS))

    @property
    def reads_ahead(self) -> bool:
        """Whether a block of `first_walk` stays valid while the next block is read."""
        return isinstance(self._octets, FileOctets)

    @property
    def head(self) -> ContentInfo:
        """The skeleton as far as it was read."""
        return parse_content_info(build_content_info(self.content_type, der.sequence(*self._fields)))

    async def first_walk(self) -> AsyncIterator[memoryview]:
        """The content in blocks, read on from its start. Call this once, before `finish`."""
        self._progress = _ReadingProgress.BEGUN
        async for block in self._pass_content():
            yield block
        self._progress = _ReadingProgress.DONE

    async def finish(self) -> Structure:
        """Read the fields after the content. Raises MalformedMessage or LimitExceeded."""
        if self.content is not None:
            await self._leave_content()
        while (header := await self._body.has_next(self._cursor, where=_CMS)) is not None:
            self._add(await self._cursor.take_element(header, where=_CMS))
        for level in reversed(self._around):
            if await level.has_next(self._cursor, where="ContentInfo"):
                raise MalformedMessage("expected a content type and [0] content", where="ContentInfo")
        # As in `parse_content_info`, a line end or filler may follow.
        check_trailing(await self._cursor.read_rest(MAX_FILLER_BYTES + 1, where="ContentInfo"))
        return Structure(skeleton=self.head, content=self.content)

    def _add(self, field: bytes) -> None:
        self._fields.append(field)
        self._size += len(field)
        check_limit("bytes of structure around the content", self._size, MAX_STRUCTURE_BYTES)

    async def _read_holder(self) -> bytes:
        # Either an EncapsulatedContentInfo, or an EncryptedContentInfo, whose content is [0] without an inner element.
        fields: list[bytes] = []
        while (field := await self._holder.has_next(self._cursor, where=_CONTENT)) is not None:
            if field.tag == _ENCRYPTED_CONTENT or (field.tag == _EXPLICIT_CONTENT and len(fields) == 2):
                self._come_to_content(field, tag=_ENCRYPTED_CONTENT)
                return der.sequence(*fields, der.element(_ENCRYPTED_CONTENT))
            if field.tag == _EXPLICIT_CONTENT:
                self._explicit = _level(self._cursor, field, _EXPLICIT_CONTENT, where=_CONTENT)
                header = await self._cursor.take_header(where=_CONTENT)
                self._come_to_content(header, tag=self._tag_of_content(header, fields))
                return der.sequence(*fields, der.explicit(0, der.octet_string(b"")))
            fields.append(await self._cursor.take_element(field, where=_CONTENT))
        return der.sequence(*fields)

    def _tag_of_content(self, header: Header, fields: list[bytes]) -> int:
        # PKCS #7 version 1.5 allows any tag, CMS only OCTET STRING: see `signed_data.parse_encapsulated`.
        if self.content_type != ID_SIGNED_DATA or header.length == INDEFINITE or not fields:
            return der.OCTET_STRING
        content_type = der.parse_oid(der.read_one(fields[0]), where=_CONTENT)
        return header.tag if is_any_content(content_type, header.tag) else der.OCTET_STRING

    def _come_to_content(self, header: Header, *, tag: int) -> None:
        self._header, self._tag, self._start = header, tag, self._cursor.position
        if header.tag == tag and header.length != INDEFINITE:
            self.content = slice_octets(self._octets, self._start, self._start + header.length)
        else:
            self.content = _PiecedOctets(self._octets, self._start, header, tag=tag)

    def _pass_content(self) -> AsyncIterator[memoryview]:
        return self._cursor.pass_octet_string(self._header, tag=self._tag, where=_CONTENT)

    async def _leave_content(self) -> None:
        if self._progress is _ReadingProgress.BEGUN:
            # The first reading has stopped inside the content, so the content is read again from its start.
            self._cursor = Cursor(self._octets, self._start)
        if self._progress is not _ReadingProgress.DONE and not isinstance(self.content, _PiecedOctets):
            self._cursor.skip(self._header.length)
        elif self._progress is not _ReadingProgress.DONE:
            async for _ in self._pass_content():
                pass
        if self._explicit is not None and await self._explicit.has_next(self._cursor, where=_CONTENT) is not None:
            raise MalformedMessage("expected one OCTET STRING", where=_CONTENT)
        if await self._holder.has_next(self._cursor, where=_CONTENT) is not None:
            raise MalformedMessage("fields follow the content", where=_CONTENT)


class _PiecedOctets(DerivedOctets):
    """The bytes of a constructed OCTET STRING, which comes in pieces."""

    def __init__(self, octets: Octets, start: int, header: Header, *, tag: int) -> None:
        self._octets = octets
        self._start = start
        self._header = header
        self._tag = tag

    def make_blocks(self) -> AsyncIterator[memoryview]:
        """The joined bytes in blocks."""
        return Cursor(self._octets, self._start).pass_octet_string(self._header, tag=self._tag, where="content")
