"""Base64 text gives the same bytes and the same refusals, whatever pieces it is cut into."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings, strategies as st

from smime_core.errors import MalformedMessage
from smime_core.mime.transfer import decode_base64_leniently
from smime_core.text.base64 import (
    MAX_FOOTER_LINE_BYTES,
    Base64BeforeFooter,
    Base64Decoder,
    ExactBase64,
    LenientBase64,
    decode_all,
)

PIECES = (
    b"QUJD", b"QQ==", b"QUI=", b"Q", b"QQ", b"=", b"==", b"\r\n", b"\n", b" ", b"\t", b"-- \r\n", b"!", b"\xff", b"_\n",
    b" " * MAX_FOOTER_LINE_BYTES, b"QUJD" * (MAX_FOOTER_LINE_BYTES // 4), b"QUJD" * 19 + b"\r\n",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)
DECODERS = pytest.mark.parametrize("make", [ExactBase64, Base64BeforeFooter, LenientBase64])


def outcome(make: Callable[[], Base64Decoder], pieces: list[bytes]) -> bytes | None:
    """The bytes that the decoder makes of the pieces; None if it refuses them."""
    decoder = make()
    try:
        return b"".join([*map(decoder.feed, pieces), decoder.finish()])
    except MalformedMessage:
        return None


@DECODERS
@settings(max_examples=300, deadline=None)
@given(text=TEXTS, cuts=st.lists(st.integers(0, 4_000), max_size=6), step=st.sampled_from([1, 3, 500]))
def test_a_text_in_pieces_is_the_text_in_one(
    make: Callable[[], Base64Decoder], text: bytes, cuts: list[int], step: int
) -> None:
    whole = outcome(make, [text])
    borders = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    assert outcome(make, [text[start:end] for start, end in itertools.pairwise(borders)]) == whole
    assert outcome(make, [text[start : start + step] for start in range(0, len(text), step)]) == whole


@settings(max_examples=300, deadline=None)
@given(st.one_of(TEXTS, st.binary(max_size=60), st.text("QUJD=-\n", max_size=40).map(str.encode)))
def test_the_lenient_reading_is_that_of_mail_programs(text: bytes) -> None:
    assert decode_all(LenientBase64(), text) == decode_base64_leniently(text)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (b"QUJD\r\nQUJD", b"ABCABC"),
        (b"QQ==\r\n-- \r\nOur list\r\n", b"A"),
        (b"QUJD\r\n-- \r\nOur list\r\n", b"ABC"),
        (b"QQ=\r\n=\r\n", b"A"),
        (b"QUJD\nQUJD!\n", b"ABC"),
        (b"QUJD" * 1_000 + b"!", None),
        (b"QUJD\n" + b"QUJD" * 250 + b"!", b"ABC"),
        (b"QUJD\n" + b"QUJD" * 251 + b"!", None),
        (b"!", None),
        (b"", None),
        (b"QQ=", None),
    ],
)
def test_a_footer_is_left_out_and_damage_is_refused(text: bytes, content: bytes | None) -> None:
    assert outcome(Base64BeforeFooter, [text]) == content


@given(st.binary(max_size=300))
def test_encoded_bytes_come_back(content: bytes) -> None:
    text = base64.encodebytes(content)
    for make in (ExactBase64, LenientBase64, *([Base64BeforeFooter] if content else [])):
        assert outcome(make, [text]) == content
