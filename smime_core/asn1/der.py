"""A tolerant BER reader over memoryviews and a strict DER writer, for elements of tag, length and value (X.690).

An OCTET STRING with primitive encoding is read without a copy. The reader accepts indefinite lengths and constructed
strings, bounded by `limits`. The writer writes only DER.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_BER_DEPTH, MAX_CHILDREN, MAX_INTEGER_BYTES, check_chunks, check_limit

Buffer = bytes | bytearray | memoryview

INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OID: Final = 0x06
ENUMERATED: Final = 0x0A
UTF8_STRING: Final = 0x0C
SEQUENCE: Final = 0x30
SET: Final = 0x31
_CONSTRUCTED: Final = 0x20
_DOTTED_OID: Final = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_MAX_DOTTED_CHARACTERS: Final = 1_000
_INDEFINITE: Final = -1


class Tlv(NamedTuple):
    """One element: its identifier byte (`tag`), all its bytes unchanged (`encoded`), and its content octets.

    The class is a tuple, because a certificate has some hundred elements, and creating a frozen dataclass takes three
    times as long.

    For an indefinite length, `content` leaves out the end-of-contents octets, which `encoded` includes.
    """

    tag: int
    encoded: memoryview
    content: memoryview

    @property
    def is_constructed(self) -> bool:
        return bool(self.tag & _CONSTRUCTED)


_new_tlv: Final = Tlv._make


def read_tlv(data: Buffer, offset: int = 0, where: str = "") -> tuple[Tlv, int]:
    """The element that starts at `offset`, and the offset after it.

    Raises MalformedMessage if it is cut short or has a form that no structure of CMS or PKIX has.
    """
    view = data if isinstance(data, memoryview) else memoryview(data)
    tag, start, length = _read_header(view, offset, where)
    if not tag:
        raise MalformedMessage("end-of-contents octets outside an element of indefinite length", where)
    if length != _INDEFINITE:
        end = start + length
        if end > len(view):
            raise MalformedMessage(f"{length} bytes are announced, {len(view) - start} follow", where)
        return _new_tlv((tag, view[offset:end], view[start:end])), end
    end = _skip_indefinite(view, start, 1, where)
    return Tlv(tag, view[offset:end], view[start : end - 2]), end


def read_one(data: Buffer, where: str = "") -> Tlv:
    """Parse `data` as a single element without trailing bytes. Raises MalformedMessage."""
    tlv, end = read_tlv(data, where=where)
    if end != len(data):
        raise MalformedMessage(f"{len(data) - end} bytes follow the structure", where)
    return tlv


def read_children(tlv: Tlv, where: str = "") -> list[Tlv]:
    """The elements inside a constructed element. Raises MalformedMessage or LimitExceeded."""
    view = _content_of(tlv, where)
    children: list[Tlv] = []
    offset, end = 0, len(view)
    while offset < end and len(children) <= MAX_CHILDREN:
        # Nearly every element has a low tag number and a length below 128. Such headers are parsed here instead of in a
        # function. A signed message has ninety elements, and ninety calls would take as long as verifying its
        # signatures.
        if offset + 2 <= end and (length := view[offset + 1]) < 0x80 and (tag := view[offset]) and tag & 0x1F != 0x1F:
            start = offset + 2
            stop = start + length
            if stop <= end:
                children.append(_new_tlv((tag, view[offset:stop], view[start:stop])))
                offset = stop
                continue
        child, offset = read_tlv(view, offset, where)
        children.append(child)
    check_limit("elements side by side", len(children), MAX_CHILDREN)
    return children


def _content_of(tlv: Tlv, where: str) -> memoryview:
    if not tlv.tag & _CONSTRUCTED:
        raise MalformedMessage(f"tag 0x{tlv.tag:02x} is not constructed", where)
    return tlv.content


def read_sequence(data: Buffer, where: str = "") -> list[Tlv]:
    """The elements of the SEQUENCE in `data`. Raises MalformedMessage."""
    return read_children(expect(read_one(data, where), SEQUENCE, where), where)


def read_fields(tlv: Tlv, where: str, *counts: int, expected: str = "") -> list[Tlv]:
    """The elements of a SEQUENCE. With `counts`, their number is one of these, as in `expect_count`."""
    fields = read_children(expect(tlv, SEQUENCE, where), where)
    return expect_count(fields, where, *counts, expected=expected) if counts else fields


def expect_count(fields: list[Tlv], where: str, *counts: int, expected: str = "") -> list[Tlv]:
    """Return `fields` if their number is one of `counts`, in words `expected`. Raises MalformedMessage."""
    if len(fields) not in counts:
        raise MalformedMessage(f"{len(fields)} fields, expected {expected or ' or '.join(map(str, counts))}", where)
    return fields


def expect(tlv: Tlv, tag: int, where: str = "") -> Tlv:
    """Return `tlv` if its identifier byte is `tag`. Raises MalformedMessage."""
    if tlv.tag != tag:
        raise MalformedMessage(f"found tag 0x{tlv.tag:02x}, expected 0x{tag:02x}", where)
    return tlv


def read_octets(tlv: Tlv, where: str = "", *, tag: int = OCTET_STRING) -> Buffer:
    """The bytes of an OCTET STRING, primitive (a view, no copy) or constructed (joined).

    `tag` is the primitive identifier byte, for IMPLICIT tags such as [0] IMPLICIT OCTET STRING. Raises MalformedMessage
    or LimitExceeded.
    """
    if tlv.tag == tag:
        return tlv.content
    expect(tlv, tag | _CONSTRUCTED, where)
    joined = bytearray()
    for number, chunk in enumerate(_octet_chunks(tlv, 1, where)):
        joined += chunk
        check_chunks(number, len(joined))
    return joined


def to_definite(tlv: Tlv, where: str = "", *, depth: int = 0) -> bytes:
    """The element with every indefinite length made definite. Definite elements inside stay unchanged.

    Raises MalformedMessage or LimitExceeded.
    """
    check_limit("BER depth", depth, MAX_BER_DEPTH)
    if not _holds_indefinite(tlv, where, depth):
        return bytes(tlv.encoded)
    return element(tlv.tag, *(to_definite(child, where, depth=depth + 1) for child in read_children(tlv)))


def parse_integer(tlv: Tlv, where: str = "") -> int:
    """A small INTEGER: a version, a count or a serial number, but not a number in a key.

    A larger INTEGER is refused, because Python cannot write numbers of more than 4,300 digits into an error. Raises
    MalformedMessage or LimitExceeded.
    """
    check_limit("bytes of an INTEGER", len(expect(tlv, INTEGER, where).content), MAX_INTEGER_BYTES)
    return parse_number(tlv, where)


def pass_version(fields: list[Tlv], where: str = "") -> list[Tlv]:
    """The fields after the version of a structure. Raises MalformedMessage if the first field is no INTEGER.

    Every version is accepted (MUSTS 32). A structure without a version is refused, because each of its fields would be
    taken for another field.
    """
    if not fields:
        raise MalformedMessage("the version is missing", where)
    expect(fields[0], INTEGER, where)
    return fields[1:]


def parse_number(tlv: Tlv, where: str = "") -> int:
    """An INTEGER of any size, such as a number in a key. The caller limits the size. Raises MalformedMessage."""
    expect(tlv, INTEGER, where)
    if not len(tlv.content):
        raise MalformedMessage("an INTEGER without content", where)
    return int.from_bytes(tlv.content, "big", signed=True)


def parse_oid(tlv: Tlv, where: str = "") -> str:
    """An OBJECT IDENTIFIER in dotted form. Raises MalformedMessage."""
    octets = bytes(expect(tlv, OID, where).content)
    if not octets or octets[-1] & 0x80 or len(octets) > 64:
        raise MalformedMessage("a damaged OBJECT IDENTIFIER", where)
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
    """DER of one element from its content, given in pieces."""
    return b"".join((header(tag, sum(map(len, contents))), *contents))


def header(tag: int, length: int) -> bytes:
    """The identifier and length of an element with `length` content octets."""
    if length < 0x80:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def frame(length: int, *levels: tuple[int, bytes, bytes]) -> tuple[bytes, bytes]:
    """The bytes before and after `length` bytes of content that is written separately.

    Each level is one enclosing element, innermost first: (its identifier byte, the part of its content before the inner
    bytes, the part after them).
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
    """DER of an INTEGER from unsigned big-endian bytes."""
    return integer(int.from_bytes(octets, "big"))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form. Raises MalformedMessage for any other text (X.660 section 7.6)."""
    is_dotted = len(dotted) <= _MAX_DOTTED_CHARACTERS and _DOTTED_OID.fullmatch(dotted)
    arcs = [int(arc) for arc in dotted.split(".")] if is_dotted else []
    if not arcs or (arcs[0] < 2 and arcs[1] > 39):
        raise MalformedMessage("an object identifier has a form such as 1.2.840.113549")
    return element(OID, *map(_base128, [40 * arcs[0] + arcs[1], *arcs[2:]]))


def _base128(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(arc & 0x7F | 0x80)
    return bytes(reversed(octets))


def _read_header(view: memoryview, offset: int, where: str) -> tuple[int, int, int]:
    # Returns (identifier byte, offset of the content, length or _INDEFINITE).
    if offset + 2 > len(view):
        raise MalformedMessage("the data ends inside a header", where)
    tag, first = view[offset], view[offset + 1]
    if tag & 0x1F == 0x1F:
        raise MalformedMessage("a tag number above 30 occurs in no known structure", where)
    if first and not tag:
        # End-of-contents is exactly two zero bytes (X.690 section 8.1.5).
        raise MalformedMessage("a zero identifier without a zero length", where)
    start = offset + 2
    if first < 0x80:
        return tag, start, first
    if first == 0x80:
        if not tag & _CONSTRUCTED:
            raise MalformedMessage("an indefinite length on a primitive element", where)
        return tag, start, _INDEFINITE
    count = first & 0x7F
    if count > 8 or start + count > len(view):
        raise MalformedMessage("a damaged length", where)
    return tag, start + count, int.from_bytes(view[start : start + count], "big")


def _skip_indefinite(view: memoryview, offset: int, depth: int, where: str) -> int:
    # Returns the offset after the end-of-contents octets. Iterative, because hostile nesting must not exhaust the
    # stack.
    while depth:
        check_limit("BER depth", depth, MAX_BER_DEPTH)
        tag, start, length = _read_header(view, offset, where)
        if not tag:
            depth -= 1
            offset = start
        elif length == _INDEFINITE:
            depth += 1
            offset = start
        else:
            offset = start + length
    if offset > len(view):
        raise MalformedMessage("the data ends inside an element of indefinite length", where)
    return offset


def _octet_chunks(tlv: Tlv, depth: int, where: str) -> Iterator[memoryview]:
    # RFC 5652 section 5.2 and X.690 section 8.7: the pieces are OCTET STRINGs, which may be constructed themselves.
    check_limit("BER depth", depth, MAX_BER_DEPTH)
    offset, end = 0, len(tlv.content)
    while offset < end:
        child, offset = read_tlv(tlv.content, offset, where)
        if child.tag == OCTET_STRING:
            yield child.content
        else:
            yield from _octet_chunks(expect(child, OCTET_STRING | _CONSTRUCTED, where), depth + 1, where)


def _holds_indefinite(tlv: Tlv, where: str, depth: int) -> bool:
    check_limit("BER depth", depth, MAX_BER_DEPTH)
    if not tlv.is_constructed:
        return False
    if tlv.encoded[1] == 0x80:
        return True
    return any(_holds_indefinite(child, where, depth + 1) for child in read_children(tlv, where))
