"""TLVs: a tolerant BER reader over memoryviews and a strict DER writer (X.690).

An OCTET STRING is read without a copy where its encoding is primitive. The reader takes indefinite lengths and
constructed strings, bounded by `limits`. The writer makes DER only.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Final, NamedTuple

from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_BER_DEPTH, MAX_CHILDREN, MAX_INTEGER_BYTES, check_chunks, check_limit

Buffer = bytes | bytearray | memoryview

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
OID: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31
_CONSTRUCTED: Final = 0x20
_INDEFINITE: Final = -1


class Tlv(NamedTuple):
    """One element: its identifier octet, all its bytes as they stand, and its content octets.

    A tuple, because a certificate is some hundred of them and a frozen dataclass takes three times as long to make.

    For an indefinite length `content` leaves out the end-of-contents octets, which `encoded` includes.
    """

    tag: int
    encoded: memoryview
    content: memoryview

    @property
    def is_constructed(self) -> bool:
        return bool(self.tag & _CONSTRUCTED)


_new_tlv: Final = Tlv._make


def read_tlv(data: Buffer, offset: int = 0, *, where: str = "") -> tuple[Tlv, int]:
    """The element that starts at `offset` and the offset behind it.

    Raises MalformedMessage when it is cut short or uses a form that no structure of this field has.
    """
    view = data if isinstance(data, memoryview) else memoryview(data)
    tag, start, length = _read_header(view, offset, where)
    if length != _INDEFINITE:
        end = start + length
        if end > len(view):
            raise MalformedMessage(f"{length} bytes are announced, {len(view) - start} follow", where=where)
        return _new_tlv((tag, view[offset:end], view[start:end])), end
    end = _skip_indefinite(view, start, 1, where)
    return Tlv(tag, view[offset:end], view[start : end - 2]), end


def read_one(data: Buffer, *, where: str = "") -> Tlv:
    """The single element that `data` is, without trailing bytes. Raises MalformedMessage."""
    tlv, end = read_tlv(data, where=where)
    if end != len(data):
        raise MalformedMessage(f"{len(data) - end} bytes follow the structure", where=where)
    return tlv


def read_children(tlv: Tlv, *, where: str = "") -> list[Tlv]:
    """The elements inside a constructed one. Raises MalformedMessage or LimitExceeded."""
    view = _content_of(tlv, where)
    children: list[Tlv] = []
    offset, end = 0, len(view)
    while offset < end and len(children) <= MAX_CHILDREN:
        # Nearly every element has a low tag number and a length below 128: read here, because a signed message is
        # ninety of them and a call for each takes as long as its signatures.
        if offset + 2 <= end and (length := view[offset + 1]) < 0x80 and (tag := view[offset]) & 0x1F != 0x1F:
            start = offset + 2
            stop = start + length
            if stop <= end:
                children.append(_new_tlv((tag, view[offset:stop], view[start:stop])))
                offset = stop
                continue
        child, offset = read_tlv(view, offset, where=where)
        children.append(child)
    check_limit("elements side by side", len(children), MAX_CHILDREN)
    return children


def iterate_children(tlv: Tlv, *, where: str = "") -> Iterator[Tlv]:
    """The elements inside a constructed one, one by one, where there may be any number. Raises MalformedMessage."""
    view = _content_of(tlv, where)
    offset, end = 0, len(view)
    while offset < end:
        child, offset = read_tlv(view, offset, where=where)
        yield child


def _content_of(tlv: Tlv, where: str) -> memoryview:
    if not tlv.tag & _CONSTRUCTED:
        raise MalformedMessage(f"tag 0x{tlv.tag:02x} is not constructed", where=where)
    return tlv.content


def read_sequence(data: Buffer, *, where: str = "") -> list[Tlv]:
    """The elements of the SEQUENCE that `data` is. Raises MalformedMessage."""
    return read_children(expect(read_one(data, where=where), SEQUENCE, where=where), where=where)


def expect(tlv: Tlv, tag: int, *, where: str = "") -> Tlv:
    """`tlv` itself when its identifier octet is `tag`. Raises MalformedMessage."""
    if tlv.tag != tag:
        raise MalformedMessage(f"found tag 0x{tlv.tag:02x}, expected 0x{tag:02x}", where=where)
    return tlv


def read_octets(tlv: Tlv, *, tag: int = OCTET_STRING, where: str = "") -> Buffer:
    """The octets of an OCTET STRING, primitive (a view, no copy) or constructed (joined).

    `tag` is the primitive identifier octet, for IMPLICIT tags as in [0] IMPLICIT OCTET STRING.
    Raises MalformedMessage or LimitExceeded.
    """
    if tlv.tag == tag:
        return tlv.content
    expect(tlv, tag | _CONSTRUCTED, where=where)
    joined = bytearray()
    for number, chunk in enumerate(_octet_chunks(tlv, 1, where)):
        joined += chunk
        check_chunks(number, len(joined))
    return joined


def to_definite(tlv: Tlv, *, where: str = "", depth: int = 0) -> bytes:
    """The element with every indefinite length made definite; what is definite inside stays byte for byte.

    Raises MalformedMessage or LimitExceeded.
    """
    check_limit("BER depth", depth, MAX_BER_DEPTH)
    if not _holds_indefinite(tlv, where, depth):
        return bytes(tlv.encoded)
    return element(tlv.tag, *(to_definite(child, where=where, depth=depth + 1) for child in read_children(tlv)))


def parse_integer(tlv: Tlv, *, where: str = "") -> int:
    """An INTEGER that is no number of a key: a version, a count, a serial number.

    Larger ones are refused here, because Python writes no number of more than 4,300 digits into any error. Raises
    MalformedMessage or LimitExceeded.
    """
    check_limit("octets of an INTEGER", len(expect(tlv, INTEGER, where=where).content), MAX_INTEGER_BYTES)
    return parse_number(tlv, where=where)


def pass_version(fields: list[Tlv], *, where: str = "") -> list[Tlv]:
    """What follows the version of a structure. Raises MalformedMessage where no INTEGER stands in its place.

    Its value refuses nothing (MUSTS 32); but what counts fields must not take another one for it.
    """
    if not fields:
        raise MalformedMessage("the version is missing", where=where)
    expect(fields[0], INTEGER, where=where)
    return fields[1:]


def parse_number(tlv: Tlv, *, where: str = "") -> int:
    """An INTEGER of any size, which the caller bounds: a number of a key or a signature. Raises MalformedMessage."""
    expect(tlv, INTEGER, where=where)
    if not len(tlv.content):
        raise MalformedMessage("an INTEGER without octets", where=where)
    return int.from_bytes(tlv.content, "big", signed=True)


def parse_oid(tlv: Tlv, *, where: str = "") -> str:
    """An OBJECT IDENTIFIER in dotted form. Raises MalformedMessage."""
    octets = bytes(expect(tlv, OID, where=where).content)
    if not octets or octets[-1] & 0x80 or len(octets) > 64:
        raise MalformedMessage("a damaged OBJECT IDENTIFIER", where=where)
    return _dotted(octets)


@functools.lru_cache(maxsize=1024)
def _dotted(octets: bytes) -> str:
    arcs: list[int] = []
    arc = 0
    for octet in octets:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))


def element(tag: int, *contents: Buffer) -> bytes:
    """DER of one element from its content, in pieces."""
    return b"".join((header(tag, sum(map(len, contents))), *contents))


def header(tag: int, length: int) -> bytes:
    """Identifier and length octets of an element with `length` content octets."""
    if length < 0x80:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def frame(length: int, *levels: tuple[int, bytes, bytes]) -> tuple[bytes, bytes]:
    """What stands before and behind `length` octets of content that is written by itself.

    Each level is an element around it, innermost first: its identifier octet, and its content before and behind.
    """
    before = behind = b""
    for tag, head, tail in levels:
        before = head + before
        behind += tail
        before = header(tag, len(before) + length + len(behind)) + before
    return before, behind


def sequence(*contents: Buffer) -> bytes:
    return element(SEQUENCE, *contents)


def set_of(values: list[bytes], *, tag: int = SET) -> bytes:
    """DER of a SET OF: the encodings in ascending order (X.690 section 11.6)."""
    return element(tag, *sorted(values))


def explicit(number: int, content: Buffer) -> bytes:
    """[number] EXPLICIT around a whole element."""
    return element(0xA0 | number, content)


def octet_string(octets: Buffer) -> bytes:
    return element(OCTET_STRING, octets)


def integer(value: int) -> bytes:
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def unsigned(octets: bytes) -> bytes:
    """DER of an INTEGER from big-endian octets without sign."""
    return integer(int.from_bytes(octets, "big"))


def oid(dotted: str) -> bytes:
    arcs = [int(arc) for arc in dotted.split(".")]
    return element(OID, *map(_base128, [40 * arcs[0] + arcs[1], *arcs[2:]]))


def _base128(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(arc & 0x7F | 0x80)
    return bytes(reversed(octets))


def _read_header(view: memoryview, offset: int, where: str) -> tuple[int, int, int]:
    # (identifier octet, offset of the content, length or _INDEFINITE)
    if offset + 2 > len(view):
        raise MalformedMessage("the data ends inside a header", where=where)
    tag, first = view[offset], view[offset + 1]
    if tag & 0x1F == 0x1F:
        raise MalformedMessage("a tag number above 30 occurs in no known structure", where=where)
    start = offset + 2
    if first < 0x80:
        return tag, start, first
    if first == 0x80:
        if not tag & _CONSTRUCTED:
            raise MalformedMessage("an indefinite length on a primitive element", where=where)
        return tag, start, _INDEFINITE
    count = first & 0x7F
    # End-of-contents octets are two zeros (X.690 section 8.1.5): no other length of nothing passes for them.
    if count > 8 or start + count > len(view) or not tag:
        raise MalformedMessage("a damaged length", where=where)
    return tag, start + count, int.from_bytes(view[start : start + count], "big")


def _skip_indefinite(view: memoryview, offset: int, depth: int, where: str) -> int:
    # The offset behind the end-of-contents octets. Iterative: hostile nesting must not exhaust the stack.
    while depth:
        check_limit("BER depth", depth, MAX_BER_DEPTH)
        tag, start, length = _read_header(view, offset, where)
        if tag == 0 and length == 0:
            depth -= 1
            offset = start
        elif length == _INDEFINITE:
            depth += 1
            offset = start
        else:
            offset = start + length
    if offset > len(view):
        raise MalformedMessage("the data ends inside an element of indefinite length", where=where)
    return offset


def _octet_chunks(tlv: Tlv, depth: int, where: str) -> Iterator[memoryview]:
    # RFC 5652 section 5.2 and X.690 section 8.7: the pieces are OCTET STRINGs, constructed ones again allowed.
    check_limit("BER depth", depth, MAX_BER_DEPTH)
    offset, end = 0, len(tlv.content)
    while offset < end:
        child, offset = read_tlv(tlv.content, offset, where=where)
        if child.tag == OCTET_STRING:
            yield child.content
        else:
            yield from _octet_chunks(expect(child, OCTET_STRING | _CONSTRUCTED, where=where), depth + 1, where)


def _holds_indefinite(tlv: Tlv, where: str, depth: int) -> bool:
    check_limit("BER depth", depth, MAX_BER_DEPTH)
    if not tlv.is_constructed:
        return False
    if tlv.encoded[1] == 0x80:
        return True
    return any(_holds_indefinite(child, where, depth + 1) for child in read_children(tlv, where=where))
