"""CompressedData: content made smaller with zlib (RFC 3274). Reading is bounded in size and in ratio.

`inflate` works in pieces and serves streams as well; `parse_compressed_data` takes a structure whose compressed octets
were cut out, down to none.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from smime_core import der
from smime_core.algorithms import check_absent_or_null, parse_algorithm_identifier
from smime_core.content_info import ID_COMPRESSED_DATA, build_content_info
from smime_core.der import Buffer, Tlv
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.limits import (
    MAX_COMPRESSION_RATIO,
    MAX_DECOMPRESSED_BYTES,
    UNCHECKED_DECOMPRESSED_BYTES,
    check_limit,
)
from smime_core.signed_data import build_encapsulated, parse_encapsulated

ZLIB_COMPRESS: Final = "1.2.840.113549.1.9.16.3.8"

_ZLIB_STREAM: Final = zlib.MAX_WBITS  # with the header and checksum of RFC 1950: neither raw deflate nor gzip
PIECE_BYTES: Final = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedData:
    """`compressed` is empty when a stream keeps it."""

    e_content_type: str
    compressed: Buffer


def parse_compressed_data(content: Tlv) -> CompressedData:
    """The structure inside a ContentInfo. Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm."""
    where = "CompressedData"
    fields = der.read_children(der.expect(content, der.SEQUENCE, where=where), where=where)
    if len(fields) != 3:
        raise MalformedMessage(f"{len(fields)} fields, expected 3", where=where)
    oid, parameters = parse_algorithm_identifier(der.to_definite(fields[1], where=where))
    if oid != ZLIB_COMPRESS:
        raise UnsupportedAlgorithm(oid, "compressionAlgorithm")
    check_absent_or_null(parameters, where="compressionAlgorithm")
    e_content_type, e_content = parse_encapsulated(fields[2])
    if e_content is None:
        raise MalformedMessage("the compressed content is missing", where=where)
    return CompressedData(e_content_type=e_content_type, compressed=e_content)


def decompress(compressed: CompressedData) -> bytes:
    """The content. Raises MalformedMessage or LimitExceeded."""
    return b"".join(inflate((compressed.compressed,)))


def inflate(blocks: Iterable[Buffer], *, max_bytes: int = MAX_DECOMPRESSED_BYTES) -> Iterator[bytes]:
    """What the zlib stream in `blocks` holds, in pieces of at most a mebibyte.

    Raises LimitExceeded above `max_bytes` or MAX_COMPRESSION_RATIO, MalformedMessage for anything but one whole stream.
    """
    stream = zlib.decompressobj(wbits=_ZLIB_STREAM)
    taken = given = 0
    for block in blocks:
        waiting: Buffer = block
        taken += len(block)
        while len(waiting):
            if stream.eof:
                raise MalformedMessage("bytes follow the compressed stream", where="CompressedData")
            piece = _inflate_piece(stream, waiting)
            given += len(piece)
            check_limit("decompressed bytes", given, max_bytes)
            if given > UNCHECKED_DECOMPRESSED_BYTES:
                check_limit("compression ratio", given // taken, MAX_COMPRESSION_RATIO)
            if piece:
                yield piece
            waiting = stream.unconsumed_tail or stream.unused_data
    if not stream.eof:
        raise MalformedMessage("the compressed stream is cut short", where="CompressedData")


def build_compressed_data(content: Buffer, *, content_type: str) -> bytes:
    """DER of a ContentInfo with CompressedData; parameters are written absent (RFC 3274 section 2)."""
    encapsulated = build_encapsulated(content_type, zlib.compress(content))
    before = der.integer(0) + der.sequence(der.oid(ZLIB_COMPRESS))
    length = len(before) + sum(map(len, encapsulated))
    return build_content_info(ID_COMPRESSED_DATA, der.header(der.SEQUENCE, length), before, *encapsulated)


def _inflate_piece(stream: zlib._Decompress, waiting: Buffer) -> bytes:
    try:
        return stream.decompress(waiting, PIECE_BYTES)
    except zlib.error as error:
        raise MalformedMessage("not a zlib stream, or a damaged one", where="CompressedData") from error
