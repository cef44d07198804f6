"""CompressedData: content compressed with zlib (RFC 3274). Decompressed size and compression ratio are limited.

`Inflater` decompresses in pieces, for streams too. `parse_compressed_data` accepts a structure from which a stream has
cut the compressed content.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from smime_core.algorithms import check_absent_or_null, parse_algorithm_identifier
from smime_core.asn1 import der
from smime_core.asn1.der import Buffer, Tlv
from smime_core.cms.content_info import ID_COMPRESSED_DATA, build_content_info
from smime_core.cms.signed_data import build_encapsulated, parse_encapsulated
from smime_core.errors import MalformedMessage, UnsupportedAlgorithm
from smime_core.limits import (
    MAX_COMPRESSION_RATIO,
    MAX_DECOMPRESSED_BYTES,
    UNCHECKED_DECOMPRESSED_BYTES,
    check_limit,
)

ZLIB_COMPRESS: Final = "1.2.840.113549.1.9.16.3.8"

_ZLIB_STREAM: Final = zlib.MAX_WBITS  # with the header and checksum of RFC 1950: neither raw deflate nor gzip
PIECE_BYTES: Final = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedData:
    """The parsed structure. `compressed` is empty if a stream has cut it out."""

    e_content_type: str
    compressed: Buffer


def parse_compressed_data(content: Tlv) -> CompressedData:
    """Parse the structure inside a ContentInfo. Raises MalformedMessage, LimitExceeded or UnsupportedAlgorithm."""
    where = "CompressedData"
    algorithm, encapsulated = der.pass_version(der.read_fields(content, where, 3), where)
    oid, parameters = parse_algorithm_identifier(der.to_definite(algorithm, where))
    if oid != ZLIB_COMPRESS:
        raise UnsupportedAlgorithm(oid, "compressionAlgorithm")
    check_absent_or_null(parameters, where="compressionAlgorithm")
    e_content_type, e_content = parse_encapsulated(encapsulated)
    if e_content is None:
        raise MalformedMessage("the compressed content is missing", where)
    return CompressedData(e_content_type=e_content_type, compressed=e_content)


def decompress(compressed: CompressedData) -> bytes:
    """The decompressed content. Raises MalformedMessage or LimitExceeded."""
    inflater = Inflater(max_bytes=MAX_DECOMPRESSED_BYTES)
    content = b"".join(inflater.pieces(compressed.compressed))
    inflater.finish()
    return content


class Inflater:
    """Decompresses a zlib stream block by block, up to `max_bytes` and MAX_COMPRESSION_RATIO."""

    def __init__(self, *, max_bytes: int) -> None:
        self._stream = zlib.decompressobj(wbits=_ZLIB_STREAM)
        self._max_bytes = max_bytes
        self._taken = self._given = 0

    def pieces(self, block: Buffer) -> Iterator[bytes]:
        """The decompressed bytes of the next block, in pieces of at most PIECE_BYTES.

        Raises LimitExceeded, or MalformedMessage if the data is not exactly one zlib stream.
        """
        waiting = block
        self._taken += len(block)
        while len(waiting):
            if self._stream.eof:
                raise MalformedMessage("bytes follow the compressed stream", where="CompressedData")
            piece = _inflate_piece(self._stream, waiting)
            self._given += len(piece)
            check_limit("decompressed bytes", self._given, self._max_bytes)
            if self._given > UNCHECKED_DECOMPRESSED_BYTES:
                check_limit("compression ratio", self._given // self._taken, MAX_COMPRESSION_RATIO)
            if piece:
                yield piece
            waiting = self._stream.unconsumed_tail or self._stream.unused_data

    def finish(self) -> None:
        """Raise MalformedMessage unless the stream is complete."""
        if not self._stream.eof:
            raise MalformedMessage("the compressed stream is cut short", where="CompressedData")


def build_compressed_data(content: Buffer, *, content_type: str) -> bytes:
    """DER of a ContentInfo with CompressedData. The algorithm has no parameters (RFC 3274 section 2)."""
    encapsulated = build_encapsulated(content_type, zlib.compress(content))
    before = der.integer(0) + der.sequence(der.oid(ZLIB_COMPRESS))
    length = len(before) + sum(map(len, encapsulated))
    return build_content_info(ID_COMPRESSED_DATA, der.header(der.SEQUENCE, length), before, *encapsulated)


def _inflate_piece(stream: zlib._Decompress, waiting: Buffer) -> bytes:
    try:
        return stream.decompress(waiting, PIECE_BYTES)
    except zlib.error as error:
        raise MalformedMessage("not a zlib stream, or a damaged one", where="CompressedData") from error
