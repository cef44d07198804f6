"""CompressedData: only zlib, and limits that stop bombs (RFC 3274, MUSTS 48)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from typing import Final

import pytest

from smime_core.asn1 import der
from smime_core.cms import compressed_data
from smime_core.cms.compressed_data import (
    ZLIB_COMPRESS,
    Inflater,
    build_compressed_data,
    decompress,
    parse_compressed_data,
)
from smime_core.cms.content_info import (
    ID_COMPRESSED_DATA,
    ID_DATA,
    ID_SIGNED_DATA,
    build_content_info,
    parse_content_info,
)
from smime_core.errors import LimitExceeded, MalformedMessage, UnsupportedAlgorithm
from smime_core.limits import MAX_COMPRESSION_RATIO, MAX_DECOMPRESSED_BYTES, UNCHECKED_DECOMPRESSED_BYTES
from tests.support.envelopes import NO_VERSIONS, edit

CONTENT: Final = b"Content-Type: text/plain\r\n\r\nThe quick brown fox\r\n" * 50


def compressed(octets: bytes, *, parameters: bytes = b"", oid: str = ZLIB_COMPRESS) -> bytes:
    inside = der.sequence(der.oid(ID_DATA), der.explicit(0, der.octet_string(octets)))
    algorithm = der.sequence(der.oid(oid), parameters)
    return build_content_info(ID_COMPRESSED_DATA, der.sequence(der.integer(0), algorithm, inside))


def read(cms: bytes) -> bytes:
    return decompress(parse_compressed_data(parse_content_info(cms).content))


def inflate(blocks: Iterable[bytes], *, max_bytes: int = MAX_DECOMPRESSED_BYTES) -> list[bytes]:
    inflater = Inflater(max_bytes=max_bytes)
    pieces = [piece for block in blocks for piece in inflater.pieces(block)]
    inflater.finish()
    return pieces


@pytest.mark.parametrize("content", [CONTENT, b"", b"\0" * 500_000], ids=["text", "nothing", "zeros"])
def test_must_48_what_is_made_is_read(content: bytes) -> None:
    assert read(build_compressed_data(content, content_type=ID_DATA)) == content


def test_must_48_what_is_made_has_version_0_a_zlib_stream_and_no_parameters() -> None:
    fields = der.read_children(parse_content_info(build_compressed_data(CONTENT, content_type=ID_SIGNED_DATA)).content)
    assert der.parse_integer(fields[0]) == 0
    assert bytes(fields[1].encoded) == der.sequence(der.oid(ZLIB_COMPRESS))
    parsed = parse_compressed_data(der.read_one(der.sequence(*(field.encoded for field in fields))))
    assert parsed.e_content_type == ID_SIGNED_DATA
    assert bytes(parsed.compressed[:1]) == b"\x78"


@pytest.mark.parametrize("parameters", [b"", b"\x05\0"], ids=["absent", "NULL"])
def test_must_48_parameters_are_read_absent_and_null(parameters: bytes) -> None:
    assert read(compressed(zlib.compress(CONTENT), parameters=parameters)) == CONTENT


def test_must_48_other_parameters_are_refused() -> None:
    with pytest.raises(MalformedMessage, match="parameters"):
        read(compressed(zlib.compress(CONTENT), parameters=der.integer(9)))


@pytest.mark.parametrize("kind", ["raw deflate", "gzip", "plain"])
def test_must_48_anything_but_a_zlib_stream_is_refused(kind: str) -> None:
    octets = {"raw deflate": zlib.compress(CONTENT)[2:-4], "gzip": gzip.compress(CONTENT), "plain": CONTENT}[kind]
    with pytest.raises(MalformedMessage, match="zlib"):
        read(compressed(octets))


@pytest.mark.parametrize("other", NO_VERSIONS, ids=["SEQUENCE", "OCTET STRING"])
def test_a_version_that_is_no_integer_is_refused(other: bytes) -> None:
    with pytest.raises(MalformedMessage, match="expected 0x02"):
        read(edit(compressed(zlib.compress(CONTENT)), lambda fields: fields.__setitem__(0, other)))


def test_an_unknown_compression_is_said() -> None:
    with pytest.raises(UnsupportedAlgorithm, match="compressionAlgorithm"):
        read(compressed(zlib.compress(CONTENT), oid="1.2.3.4"))


def test_a_stream_that_is_cut_short_is_refused() -> None:
    for end in (-1, 10, 0):
        with pytest.raises(MalformedMessage, match="cut short"):
            read(compressed(zlib.compress(CONTENT)[:end]))


def test_a_damaged_checksum_is_refused() -> None:
    octets = zlib.compress(CONTENT)
    with pytest.raises(MalformedMessage, match="damaged"):
        read(compressed(octets[:-1] + bytes([octets[-1] ^ 1])))


def test_bytes_behind_the_stream_are_refused() -> None:
    with pytest.raises(MalformedMessage, match="follow"):
        read(compressed(zlib.compress(CONTENT) + b"more"))
    with pytest.raises(MalformedMessage, match="follow"):
        inflate([zlib.compress(CONTENT), b"more"])


def test_content_that_is_missing_is_refused() -> None:
    inside = der.sequence(der.oid(ID_DATA))
    structure = der.sequence(der.integer(0), der.sequence(der.oid(ZLIB_COMPRESS)), inside)
    with pytest.raises(MalformedMessage, match="missing"):
        parse_compressed_data(der.read_one(structure))


def test_other_numbers_of_fields_are_refused() -> None:
    fields = [field.encoded for field in der.read_children(parse_content_info(compressed(b"")).content)]
    for wrong in (fields[:2], [*fields, fields[0]]):
        with pytest.raises(MalformedMessage, match="fields, expected 3"):
            parse_compressed_data(der.read_one(der.sequence(*wrong)))


def test_the_ratio_is_limited() -> None:
    # The ratio is 1,000 to 1: 20 kB become 20 MB.
    with pytest.raises(LimitExceeded, match="compression ratio"):
        read(compressed(zlib.compress(bytes(20_000_000), 9)))


def test_a_small_content_may_shrink_as_much_as_it_can() -> None:
    octets = zlib.compress(bytes(UNCHECKED_DECOMPRESSED_BYTES), 9)
    assert len(octets) * MAX_COMPRESSION_RATIO < UNCHECKED_DECOMPRESSED_BYTES
    assert read(compressed(octets)) == bytes(UNCHECKED_DECOMPRESSED_BYTES)


def test_the_size_is_limited() -> None:
    octets = zlib.compress(CONTENT)
    assert b"".join(inflate([octets], max_bytes=len(CONTENT))) == CONTENT
    with pytest.raises(LimitExceeded, match="decompressed bytes"):
        inflate([octets], max_bytes=len(CONTENT) - 1)


def test_a_stream_in_blocks_of_any_size_gives_the_same() -> None:
    octets = zlib.compress(CONTENT)
    for size in (1, 7, len(octets)):
        blocks = [octets[start : start + size] for start in range(0, len(octets), size)]
        assert b"".join(inflate(blocks)) == CONTENT


def test_no_piece_is_larger_than_its_bound() -> None:
    content = zlib.compress(CONTENT * 3_000, 0)
    pieces = inflate([content])
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= compressed_data.PIECE_BYTES
