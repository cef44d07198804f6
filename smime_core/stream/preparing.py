"""Prepare mail of any size to be signed or encrypted, as `mime.prepare` does in memory (RFC 8551 section 3.1).

The mail is read once to find the changes, and again each time the prepared bytes are read. Only the changes are kept in
memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, NamedTuple

from smime_core.limits import MAX_WHOLE_BYTES, check_limit
from smime_core.mime.changes import Change, Decoding, Preparation, Segment, decode_segment, rewrite_head
from smime_core.mime.piecewise import Base64Encoder, QuotedPrintableDecoder, QuotedPrintableEncoder
from smime_core.mime.preparation_scan import PreparationScan
from smime_core.stream.octets import (
    CrlfOctets,
    DerivedOctets,
    MemoryOctets,
    Octets,
    Transform,
    TransformedOctets,
    read_head,
    slice_octets,
)
from smime_core.text.base64 import Base64BeforeFooter, LenientBase64

_ENCODERS: Final[dict[Change, Callable[[], Transform]]] = {
    Change.BASE64: Base64Encoder,
    Change.QUOTED_PRINTABLE: QuotedPrintableEncoder,
}
_DECODERS: Final[dict[Decoding, Callable[[], Transform]]] = {
    Decoding.BASE64: LenientBase64,
    Decoding.CMS_BASE64: Base64BeforeFooter,
    Decoding.QUOTED_PRINTABLE: QuotedPrintableDecoder,
}


_MAY_FAIL: Final = (Decoding.CMS_BASE64, Decoding.QUOTED_PRINTABLE, Decoding.UUENCODE)


class PreparedMail(NamedTuple):
    """The entity as it is protected: its header section with the blank line, and its body."""

    head: bytes
    body: Octets
    cut_field_bytes: int


async def prepare_mail(head: bytes, body: Octets, preparation: Preparation) -> PreparedMail:
    """The entity with this canonical header section and this body, prepared.

    Raises LimitExceeded, and MalformedMessage for damaged base64 of CMS that has to be encoded anew.
    """
    scan = PreparationScan(preparation)
    scan.feed(head)
    async for block in body.blocks():
        scan.feed(block)
    first, *others = scan.finish()
    if first.change is Change.HEAD:
        prepared, segments = rewrite_head(head, first.encoding), others
    else:
        # The first segment is the header section and the part of the body that is kept with it.
        prepared, segments = head, [first._replace(start=len(head)), *others]
    if all(segment.change is Change.KEEP for segment in segments):
        return PreparedMail(prepared, body, scan.cut_field_bytes)
    changed = _ChangedOctets(body, segments, first=len(head))
    await changed.check()
    return PreparedMail(prepared, changed, scan.cut_field_bytes)


class _ChangedOctets(DerivedOctets):
    """A body with its changes. `first` is the position of its first byte, as the segments count."""

    def __init__(self, body: Octets, segments: Sequence[Segment], *, first: int) -> None:
        self._body = body
        self._segments = segments
        self._first = first

    async def check(self) -> None:
        """Decode the bodies that may be damaged, so that no error is raised later. Raises `prepare_mail`'s errors."""
        for segment in self._segments:
            if segment.decoding in _MAY_FAIL:
                await self._changed(segment).length()

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """The blocks of each segment in turn."""
        for segment in self._segments:
            async for block in self._changed(segment).blocks():
                yield block

    def _changed(self, segment: Segment) -> Octets:
        octets = slice_octets(self._body, segment.start - self._first, segment.end - self._first)
        if segment.change is Change.TEXT:
            return MemoryOctets(segment.text)
        if segment.change is Change.CRLF:
            return CrlfOctets(octets)
        if segment.change is Change.HEAD:
            return _WholeOctets(octets, lambda head: rewrite_head(head, segment.encoding))
        if segment.change is Change.KEEP:
            return octets
        return TransformedOctets(_decoded(octets, segment.decoding), _ENCODERS[segment.change])


def _decoded(octets: Octets, decoding: Decoding) -> Octets:
    if decoding is Decoding.BINARY:
        return octets
    if decoding is Decoding.UUENCODE:
        return _WholeOctets(octets, lambda text: decode_segment(text, decoding))
    lines = CrlfOctets(octets)
    return lines if decoding is Decoding.LINES else TransformedOctets(lines, _DECODERS[decoding])


class _WholeOctets(DerivedOctets):
    """A header section, or a body in an old encoding, which is changed in memory."""

    def __init__(self, octets: Octets, change: Callable[[bytes], bytes]) -> None:
        self._octets = octets
        self._change = change

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """One block. Raises LimitExceeded."""
        octets = await read_head(self._octets, MAX_WHOLE_BYTES + 1)
        check_limit("bytes of a body in a text encoding", len(octets), MAX_WHOLE_BYTES)
        yield memoryview(self._change(octets))
