"""The changes that prepare an entity for signing or encryption, as a list of segments (RFC 8551 section 3.1).

`preparation_scan` finds the segments. `apply_changes` makes the prepared entity in memory, `stream.preparing` in a
stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

from smime_core.asn1.der import Buffer
from smime_core.mime.canonical import to_crlf
from smime_core.mime.entity import parse_entity
from smime_core.mime.header_form import write_fields
from smime_core.mime.transfer import (
    decode_base64_before_footer,
    decode_base64_leniently,
    decode_quoted_printable,
    decode_uuencode,
    encode_base64,
    encode_quoted_printable,
)

SAME_ENCODING: Final = "="


class Preparation(Enum):
    """How much an entity is changed before it is protected.

    CANONICAL gives text CRLF line ends (section 3.1.1). CANONICAL is enough inside encryption, and for signed content.
    SEVEN_BIT also encodes the leaves and header fields that transport might alter (section 3.1.3).
    """

    CANONICAL = "canonical"
    SEVEN_BIT = "7bit"


class Change(Enum):
    """The change of one segment.

    HEAD: the header section is written anew, with the transfer encoding in `detail`: a name, SAME_ENCODING, or "" for
    none. BASE64 and QUOTED_PRINTABLE: the body is decoded by the Decoding in `detail`, and then encoded. TEXT: `text`
    replaces the segment.
    """

    KEEP = "keep"
    CRLF = "crlf"
    HEAD = "head"
    BASE64 = "base64"
    QUOTED_PRINTABLE = "quoted-printable"
    TEXT = "text"


class Decoding(Enum):
    """How a body is decoded before it is encoded anew. Except with BINARY, its line ends become CRLF first."""

    BINARY = "binary"
    LINES = "lines"
    BASE64 = "base64"
    CMS_BASE64 = "base64 of CMS"
    QUOTED_PRINTABLE = "quoted-printable"
    UUENCODE = "x-uuencode"


_DECODERS: Final = {
    Decoding.BASE64: decode_base64_leniently,
    Decoding.CMS_BASE64: decode_base64_before_footer,
    Decoding.QUOTED_PRINTABLE: decode_quoted_printable,
    Decoding.UUENCODE: decode_uuencode,
}


class Segment(NamedTuple):
    """A range of the entity, and its change. The header section of an entity without one is an empty range."""

    start: int
    end: int
    change: Change
    decoding: Decoding = Decoding.LINES
    encoding: str = ""
    text: bytes = b""


def apply_changes(octets: bytes, segments: Sequence[Segment]) -> bytes:
    """The prepared entity. Raises MalformedMessage for damaged base64 of CMS."""
    return b"".join(_changed(octets[segment.start : segment.end], segment) for segment in segments)


def rewrite_head(octets: Buffer, transfer_encoding: str) -> bytes:
    """The header section with its blank line, in the form of `header_form`. See `Change.HEAD`."""
    fields = parse_entity(to_crlf(octets)).headers.fields
    if transfer_encoding == SAME_ENCODING:
        return write_fields(fields) + b"\r\n"
    written = write_fields(field for field in fields if field.name.lower() != "content-transfer-encoding")
    encoding = f"Content-Transfer-Encoding: {transfer_encoding}\r\n" if transfer_encoding else ""
    return written + encoding.encode("ascii") + b"\r\n"


def decode_segment(octets: bytes, decoding: Decoding) -> bytes:
    """The body without its transfer encoding. Raises MalformedMessage for damaged base64 of CMS."""
    if decoding is Decoding.BINARY:
        return octets
    lines = to_crlf(octets)
    decode = _DECODERS.get(decoding)
    return decode(lines) if decode else lines


def _changed(octets: bytes, segment: Segment) -> bytes:
    if segment.change is Change.CRLF:
        return to_crlf(octets)
    if segment.change is Change.HEAD:
        return rewrite_head(octets, segment.encoding)
    if segment.change is Change.BASE64:
        return encode_base64(decode_segment(octets, segment.decoding))
    if segment.change is Change.QUOTED_PRINTABLE:
        return encode_quoted_printable(decode_segment(octets, segment.decoding))
    return segment.text if segment.change is Change.TEXT else octets
