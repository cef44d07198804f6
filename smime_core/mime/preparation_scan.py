"""Find the changes that prepare an entity for protection, in one reading, block by block (RFC 8551 section 3.1).

The entity is read as `parse_entity` and `find_parts` read it, but at most a header section is kept in memory.
CANONICAL: text gets CRLF line ends. Leaves that are not text and have the encoding `binary` stay unchanged. SEVEN_BIT:
leaves that transport might alter are encoded, and the header sections around them are written anew. Other leaves and
header sections stay unchanged. A multipart/signed is only made canonical, because anything else would break its
signature.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from smime_core.asn1.der import Buffer
from smime_core.limits import (
    MAX_CLEAR_FIELD_BYTES,
    MAX_HEADER_BYTES,
    MAX_MESSAGE_PARTS,
    MAX_MIME_DEPTH,
    MAX_MIME_PARTS,
    check_limit,
)
from smime_core.mime.canonical import EMBEDDED_MESSAGES, has_crlf_only, has_parts, to_crlf
from smime_core.mime.changes import SAME_ENCODING, Change, Decoding, Preparation, Segment, apply_changes
from smime_core.mime.entity import TEXT_ENCODINGS, Entity, looks_like_cms_part, parse_entity
from smime_core.mime.header_form import is_lasting_head, write_field
from smime_core.mime.line_facts import LineFacts
from smime_core.mime.line_window import LINE_END, Delimiter, LineWindow
from smime_core.mime.seven_bit import has_long_lines, is_transport_safe

_BLANK_LINE: Final = re.compile(rb"(?:\r\n?+|\n)(?:\r\n?+|\n)")
_FIELD_START: Final = re.compile(rb"[!-9;-~]{1,1000}[ \t]*:")
_MBOX_STARTS: Final = (b"From ", b">From ")
_MOST_HEAD_BYTES: Final = MAX_HEADER_BYTES + 8
_LONG_HEAD_BYTES: Final = MAX_CLEAR_FIELD_BYTES // 4  # Encoded-words have up to four times as many bytes as the text.
_MOST_QUOTED_BYTES: Final = 1_048_576  # A longer text is encoded as base64, which is far faster.
_UNENCODED: Final = ("7bit", "8bit", "binary")


@dataclass(slots=True)
class _Body:
    """The bytes that are being read: a leaf's body, or a multipart's bytes outside its parts.

    `is_whole` means that each delimiter has its own line end before it and after it. Relays add a missing line end.
    """

    start: int
    facts: LineFacts
    is_whole: bool = field(default=True, kw_only=True)


@dataclass(slots=True)
class _Leaf(_Body):
    decoding: Decoding
    is_text: bool


@dataclass(slots=True)
class _Head:
    """A header section that was read."""

    start: int
    end: int
    is_crlf: bool
    is_fit: bool


@dataclass(slots=True)
class _Open:
    """An entity that is being read: a multipart, an embedded message or a leaf."""

    preparation: Preparation
    default_type: str
    head: _Head = field(default_factory=lambda: _Head(0, 0, is_crlf=True, is_fit=True))
    segment: int = 0  # the index of the header section's segment
    is_fit: bool = True
    delimiter: bytes = b""  # empty unless this is a multipart
    is_closed: bool = False
    parts: int = 0
    part_type: str = "text/plain"


def prepare(octets: bytes, preparation: Preparation) -> bytes:
    """The entity as it is signed or encrypted. Raises LimitExceeded, and MalformedMessage for damaged base64 of CMS."""
    if _needs_no_change(octets, preparation):
        return octets
    scan = PreparationScan(preparation)
    scan.feed(octets)
    return apply_changes(octets, scan.finish())


def _needs_no_change(octets: bytes, preparation: Preparation) -> bool:
    # A quick answer for most entities. For parts inside the entity, the scan decides.
    if preparation is Preparation.CANONICAL:
        return has_crlf_only(octets)
    entity = parse_entity(octets)
    if entity.content_type.type in ("multipart", "message"):
        return False
    return is_lasting_head(octets[: len(octets) - len(entity.body)]) and is_transport_safe(octets)


def cut_field_bytes(entity: bytes) -> int:
    """The length of the longest header field of the entity, or a part inside it, that mail servers cut or break.

    Returns 0 if there is none. The entity must be prepared, so that every long line belongs to a header field.
    """
    if len(entity) <= MAX_CLEAR_FIELD_BYTES and not has_long_lines(entity):
        return 0
    scan = PreparationScan(Preparation.CANONICAL)
    scan.feed(entity)
    scan.finish()
    return scan.cut_field_bytes


class PreparationScan:
    """Reads one entity and lists the changes of its segments, which follow each other without a gap.

    `cut_field_bytes` is the length of the longest header field that mail servers would cut or break after the changes,
    or 0.
    """

    def __init__(self, preparation: Preparation) -> None:
        self._judges_fitness = preparation is Preparation.SEVEN_BIT
        self._window = LineWindow()
        self._segments: list[Segment] = []
        self._open: list[_Open] = []
        self._body: _Body | None = None  # None while a header section is read
        self._entities = 0
        self.cut_field_bytes = 0
        self._begin_entity(preparation, "text/plain")

    def feed(self, block: Buffer) -> None:
        """Read one block. Raises LimitExceeded."""
        self._window.feed(block)
        self._advance()

    def finish(self) -> list[Segment]:
        """The changes, in order. Raises LimitExceeded."""
        self._window.end()
        self._advance()
        self._leave(0)
        segments: list[Segment] = []
        for segment in self._segments:
            _append(segments, segment)
        return segments

    def _advance(self) -> None:
        while True:
            end, delimiter = self._window.find_delimiter()
            is_whole = delimiter is not None or self._window.is_ended
            if self._body is None:
                size = self._head_size(end, is_whole=is_whole)
                if size is None:
                    return
                self._read_head(size)
                continue
            self._body.facts.feed(*self._window.take(end))
            if delimiter is None:
                return
            self._pass_delimiter(delimiter)

    def _head_size(self, end: int, *, is_whole: bool) -> int | None:
        # Returns the length of the header section with its blank line, or None if more has to be read.
        octets = self._window.look(min(end, self._window.position + _MOST_HEAD_BYTES))
        is_whole = is_whole and end - self._window.position == len(octets)
        if empty := LINE_END.match(octets):
            return empty.end() if is_whole or empty[0] != b"\r" or empty.end() < len(octets) else None
        if not _FIELD_START.match(octets) and not octets.startswith(_MBOX_STARTS):
            # Text without a header section. If its first line is not complete, more has to be read.
            return 0 if is_whole or len(octets) == _MOST_HEAD_BYTES or LINE_END.search(octets) else None
        blank = _BLANK_LINE.search(octets)
        if blank and (is_whole or blank.end() < len(octets) or octets[-1:] == b"\n"):
            return blank.end()
        return len(octets) if is_whole or len(octets) == _MOST_HEAD_BYTES else None

    def _read_head(self, size: int) -> None:
        current, start = self._open[-1], self._window.position
        octets = self._window.look(start + size)
        canonical = to_crlf(octets)
        entity = parse_entity(canonical, default_type=current.default_type)
        if len(entity.body):
            # The first line is neither a field nor the line of an mbox.
            octets = canonical = b""
            entity = parse_entity(b"", default_type=current.default_type)
        self._window.take(start + len(octets))
        if len(octets) > _LONG_HEAD_BYTES or not octets.isascii() or has_long_lines(octets):
            is_written = current.preparation is Preparation.SEVEN_BIT
            self.cut_field_bytes = max(self.cut_field_bytes, _longest_cut_field(entity, is_written=is_written))
        is_fit = not self._judges_fitness or is_lasting_head(canonical)
        current.head = _Head(start, start + len(octets), is_crlf=canonical is octets, is_fit=is_fit)
        current.segment = len(self._segments)
        self._segments.append(Segment(start, start, Change.HEAD))  # empty until the section's end is known
        self._begin_body(entity, current)

    def _begin_body(self, entity: Entity, current: _Open) -> None:
        start, media_type = self._window.position, entity.content_type.media_type
        if has_parts(entity):
            if media_type == "multipart/signed":
                current.preparation = Preparation.CANONICAL
            current.delimiter = b"--" + entity.content_type.parameters["boundary"].encode("utf-8", "replace")
            # RFC 2046 section 5.1.5: a part without a type in a digest is a message.
            current.part_type = "message/rfc822" if entity.content_type.subtype == "digest" else "text/plain"
            self._body = _Body(start, LineFacts(judges_fitness=self._judges_fitness))
        elif media_type in EMBEDDED_MESSAGES and entity.transfer_encoding in _UNENCODED:
            # RFC 2046 section 5.2.1 permits no encoding here, so the message inside is encoded instead.
            self._begin_entity(current.preparation, "text/plain")
        else:
            decoding = _decoding_of(entity)
            facts = LineFacts(
                judges_fitness=self._judges_fitness,
                is_binary=decoding is Decoding.BINARY,
                is_quoted=decoding is Decoding.QUOTED_PRINTABLE,
            )
            can_be_text = decoding in (Decoding.LINES, Decoding.QUOTED_PRINTABLE)
            self._body = _Leaf(start, facts, decoding, entity.content_type.type == "text" and can_be_text)
        self._expect()

    def _begin_entity(self, preparation: Preparation, default_type: str) -> None:
        check_limit("MIME depth", len(self._open), MAX_MIME_DEPTH)
        self._entities += 1
        check_limit("parts of a message", self._entities, MAX_MESSAGE_PARTS)
        self._open.append(_Open(preparation, default_type))
        self._body = None
        self._expect()

    def _expect(self) -> None:
        is_binary = isinstance(self._body, _Leaf) and self._body.decoding is Decoding.BINARY
        self._window.expect([multipart.delimiter for multipart in self._multiparts()], is_text=not is_binary)

    def _multiparts(self) -> list[_Open]:
        return [entity for entity in self._open if entity.delimiter and not entity.is_closed]

    def _pass_delimiter(self, delimiter: Delimiter) -> None:
        multipart = self._multiparts()[delimiter.level]
        depth = next(index for index, entity in enumerate(self._open) if entity is multipart)
        gap = self._body if depth == len(self._open) - 1 else None
        if gap is None:
            self._leave(depth + 1)
            multipart.parts += 1
            check_limit("parts of a multipart", multipart.parts, MAX_MIME_PARTS)
            gap = _Body(self._window.position, LineFacts(judges_fitness=self._judges_fitness))
            gap.is_whole = LINE_END.match(self._window.look(delimiter.end)) is not None
        octets, start, end = self._window.take(delimiter.end)
        gap.facts.feed(octets, start, end)
        gap.is_whole &= octets[end - 1] in b"\r\n"
        self._body = gap
        if delimiter.is_closing:
            multipart.is_closed = True
            self._expect()
        else:
            self._end_gap(multipart, gap, b"\r\n" + multipart.delimiter + b"\r\n")
            self._begin_entity(multipart.preparation, multipart.part_type)

    def _leave(self, depth: int) -> None:
        # Ends the entities from `depth` on, the innermost first.
        while len(self._open) > depth:
            entity = self._open[-1]
            if isinstance(self._body, _Leaf):
                self._end_leaf(entity, self._body)
            else:
                closing = b"\r\n" + entity.delimiter + b"--\r\n"
                if self._body is not None:
                    self._end_gap(entity, self._body, closing)
                elif self._has_no_end(entity):
                    entity.is_fit = False
                    end = self._window.position
                    self._segments.append(Segment(end, end, Change.TEXT, text=closing))
                self._end_head(entity, "")
            self._open.pop()
            self._body = None
            if self._open:
                self._open[-1].is_fit &= entity.is_fit

    def _has_no_end(self, entity: _Open) -> bool:
        # Relays close a multipart that has no end. But a closing delimiter that is also a delimiter of an outer
        # multipart would close the outer one.
        others = [open_entity.delimiter for open_entity in self._open if open_entity is not entity]
        return (
            entity.preparation is Preparation.SEVEN_BIT
            and entity.delimiter != b""
            and not any(other.startswith(entity.delimiter) for other in others)
        )

    def _end_gap(self, multipart: _Open, gap: _Body, replacement: bytes) -> None:
        # The bytes outside the parts have no meaning (RFC 2046 section 5.1.1). If transport might alter them, only the
        # delimiter remains.
        gap.facts.finish()
        is_fit = gap.facts.is_fit and gap.is_whole
        multipart.is_fit &= is_fit
        if is_fit or multipart.preparation is Preparation.CANONICAL:
            self._keep(gap.start, self._window.position, is_crlf=gap.facts.is_crlf)
        else:
            _append(self._segments, Segment(gap.start, self._window.position, Change.TEXT, text=replacement))
        self._body = None

    def _end_leaf(self, entity: _Open, leaf: _Leaf) -> None:
        leaf.facts.finish()
        facts, end = leaf.facts, self._window.position
        entity.is_fit = facts.is_fit
        if facts.is_fit or entity.preparation is Preparation.CANONICAL:
            self._end_head(entity, SAME_ENCODING)
            self._keep(leaf.start, end, is_crlf=facts.is_crlf or leaf.decoding is Decoding.BINARY)
            return
        is_quoted = leaf.is_text and not facts.has_nul and end - leaf.start <= _MOST_QUOTED_BYTES
        change = Change.QUOTED_PRINTABLE if is_quoted else Change.BASE64
        self._end_head(entity, change.value)
        # Lines that end in CRLF already are not converted, which saves a pass over them.
        decoding = Decoding.BINARY if facts.is_crlf and leaf.decoding is Decoding.LINES else leaf.decoding
        self._segments.append(Segment(leaf.start, end, change, decoding))

    def _end_head(self, entity: _Open, encoding: str) -> None:
        # If an entity is not fit for transport, its header section is rewritten.
        head = entity.head
        entity.is_fit &= head.is_fit
        change = Change.KEEP if head.is_crlf else Change.CRLF
        if not entity.is_fit and entity.preparation is Preparation.SEVEN_BIT:
            self._segments[entity.segment] = Segment(head.start, head.end, Change.HEAD, encoding=encoding)
        else:
            self._segments[entity.segment] = Segment(head.start, head.end, change)

    def _keep(self, start: int, end: int, *, is_crlf: bool) -> None:
        _append(self._segments, Segment(start, end, Change.KEEP if is_crlf else Change.CRLF))


def _longest_cut_field(entity: Entity, *, is_written: bool) -> int:
    fields = (write_field(header) if is_written else header.encoded for header in entity.headers.fields)
    return max((len(text) for text in fields if len(text) > MAX_CLEAR_FIELD_BYTES or has_long_lines(text)), default=0)


def _decoding_of(entity: Entity) -> Decoding:
    encoding = entity.transfer_encoding
    if encoding == "base64":
        return Decoding.CMS_BASE64 if looks_like_cms_part(entity) else Decoding.BASE64
    if encoding in TEXT_ENCODINGS:
        return Decoding.QUOTED_PRINTABLE if encoding == "quoted-printable" else Decoding.UUENCODE
    return Decoding.BINARY if encoding == "binary" and entity.content_type.type != "text" else Decoding.LINES


def _append(segments: list[Segment], segment: Segment) -> None:
    # Neighbours with the same change are one segment.
    last = segments[-1] if segments else None
    if segment.change in (Change.KEEP, Change.CRLF):
        if segment.start == segment.end:
            return
        if last is not None and last.change is segment.change and last.end == segment.start:
            segments[-1] = last._replace(end=segment.end)
            return
    segments.append(segment)
