"""A CMS structure with its content cut out: what is small as DER for the parsers of the core, the content as octets.

The parsers of `signed_data`, `enveloped_data` and their like then work on the skeleton as on any structure, and never
know that the content was gigabytes (RFC 5652 sections 3, 5 to 9; RFC 5083; RFC 3274).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.content_info import (
    ID_AUTH_ENVELOPED_DATA,
    ID_COMPRESSED_DATA,
    ID_ENVELOPED_DATA,
    ID_SIGNED_DATA,
    MAX_TRAILING_BYTES,
    ContentInfo,
    build_content_info,
    parse_content_info,
)
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.limits import MAX_STRUCTURE_BYTES, check_limit
from smime_core.stream.cursor import INDEFINITE, Cursor, Header
from smime_core.stream.octets import DerivedOctets, Octets, slice_octets

# Which SEQUENCE among the fields holds the content.
_HOLDERS: Final = {ID_SIGNED_DATA: 1, ID_ENVELOPED_DATA: 1, ID_AUTH_ENVELOPED_DATA: 1, ID_COMPRESSED_DATA: 2}
_ENCRYPTED_CONTENT: Final = 0x80  # [0] IMPLICIT OCTET STRING
_EXPLICIT_CONTENT: Final = 0xA0
_END_OF_CONTENTS: Final = Header(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """`skeleton` is the ContentInfo with an empty OCTET STRING where `content` was; None when it is detached."""

    skeleton: ContentInfo
    content: Octets | None


async def split_structure(octets: Octets) -> Structure:
    """The ContentInfo that the octets are, in BER or DER.

    Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm for a content type without bulk content.
    """
    cursor = Cursor(octets)
    outer = await _enter(cursor, der.SEQUENCE, where="ContentInfo")
    type_der = await cursor.take_element(await cursor.take_header(where="ContentInfo"), where="ContentInfo")
    content_type = der.parse_oid(der.read_one(type_der), where="ContentInfo")
    if content_type not in _HOLDERS:
        raise UnsupportedAlgorithm(content_type, "content type")
    explicit = await _enter(cursor, _EXPLICIT_CONTENT, where="ContentInfo")
    splitter = _Splitter(octets, cursor, nth_sequence=_HOLDERS[content_type])
    body = await splitter.split()
    for level in (explicit, outer):
        if await level.has_next(cursor, where="ContentInfo"):
            raise MalformedMessage("expected a content type and [0] content", where="ContentInfo")
    # As `parse_content_info`: a line end may follow, and is never read.
    if (trailing_bytes := await octets.length() - cursor.position) > MAX_TRAILING_BYTES:
        raise MalformedMessage(f"{trailing_bytes} bytes follow the structure", where="ContentInfo")
    return Structure(skeleton=parse_content_info(build_content_info(content_type, body)), content=splitter.content)


@dataclass(frozen=True, slots=True)
class _Level:
    """A constructed element that was entered: where it ends, or INDEFINITE."""

    end: int

    async def has_next(self, cursor: Cursor, *, where: str) -> Header | None:
        """The header of the next child; None at the end."""
        if self.end != INDEFINITE and cursor.position >= self.end:
            if cursor.position > self.end:
                raise MalformedMessage("an element is longer than the one around it", where=where)
            return None
        header = await cursor.take_header(where=where)
        return None if self.end == INDEFINITE and header == _END_OF_CONTENTS else header


async def _enter(cursor: Cursor, tag: int, *, where: str) -> _Level:
    return _level(cursor, await cursor.take_header(where=where), tag, where=where)


def _level(cursor: Cursor, header: Header, tag: int, *, where: str) -> _Level:
    if header.tag != tag:
        raise MalformedMessage(f"found tag 0x{header.tag:02x}, expected 0x{tag:02x}", where=where)
    return _Level(INDEFINITE if header.length == INDEFINITE else cursor.position + header.length)


class _Splitter:
    """One walk through the fields of SignedData or one of its like; `content` is known when it is over."""

    def __init__(self, octets: Octets, cursor: Cursor, *, nth_sequence: int) -> None:
        self._octets = octets
        self._cursor = cursor
        self._sequences_until_content = nth_sequence
        self.content: Octets | None = None

    async def split(self) -> bytes:
        """DER of the structure without its content."""
        where = "CMS"
        level = await _enter(self._cursor, der.SEQUENCE, where=where)
        fields: list[bytes] = []
        size = 0
        while (header := await level.has_next(self._cursor, where=where)) is not None:
            self._sequences_until_content -= header.tag == der.SEQUENCE
            is_holder = header.tag == der.SEQUENCE and self._sequences_until_content == 0
            take = self._split_holder(header) if is_holder else self._cursor.take_element(header, where=where)
            fields.append(await take)
            size += len(fields[-1])
            check_limit("bytes of structure beside the content", size, MAX_STRUCTURE_BYTES)
        return der.sequence(*fields)

    async def _split_holder(self, header: Header) -> bytes:
        # EncapsulatedContentInfo, or EncryptedContentInfo whose content is tagged [0] without an element of its own.
        where = "content"
        level = _level(self._cursor, header, der.SEQUENCE, where=where)
        fields: list[bytes] = []
        while (field := await level.has_next(self._cursor, where=where)) is not None:
            if self.content is not None:
                raise MalformedMessage("fields follow the content", where=where)
            if field.tag == _ENCRYPTED_CONTENT or (field.tag == _EXPLICIT_CONTENT and len(fields) == 2):
                await self._cut(field, tag=_ENCRYPTED_CONTENT)
                fields.append(der.element(_ENCRYPTED_CONTENT))
            elif field.tag == _EXPLICIT_CONTENT:
                explicit = _level(self._cursor, field, _EXPLICIT_CONTENT, where=where)
                await self._cut(await self._cursor.take_header(where=where), tag=der.OCTET_STRING)
                if await explicit.has_next(self._cursor, where=where) is not None:
                    raise MalformedMessage("expected one OCTET STRING", where=where)
                fields.append(der.explicit(0, der.octet_string(b"")))
            else:
                fields.append(await self._cursor.take_element(field, where=where))
        return der.sequence(*fields)

    async def _cut(self, header: Header, *, tag: int) -> None:
        start = self._cursor.position
        if header.tag == tag and header.length != INDEFINITE:
            self.content = slice_octets(self._octets, start, start + header.length)
            self._cursor.skip(header.length)
            return
        async for _ in self._cursor.pass_octet_string(header, tag=tag, where="content"):
            pass
        self.content = _PiecedOctets(self._octets, start, header, tag=tag)


class _PiecedOctets(DerivedOctets):
    """The octets of a constructed OCTET STRING, whose pieces were counted and found whole before."""

    def __init__(self, octets: Octets, start: int, header: Header, *, tag: int) -> None:
        self._octets = octets
        self._start = start
        self._header = header
        self._tag = tag

    def make_blocks(self) -> AsyncIterator[memoryview]:
        """The joined octets in blocks."""
        cursor = Cursor(self._octets, self._start)
        return cursor.pass_octet_string(self._header, tag=self._tag, where="content")
