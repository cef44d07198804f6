"""Base64url without padding: the same bytes have one text, and no other is read."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, strategies as st

from smime_core.text import read_base64url, write_base64url

_ALPHABET = string.ascii_letters + string.digits + "-_"


@given(st.binary(max_size=70))
def test_what_is_written_is_read(octets: bytes) -> None:
    text = write_base64url(octets)
    assert set(text) <= set(_ALPHABET)
    assert read_base64url(text) == read_base64url(text, len(octets)) == octets
    with pytest.raises(ValueError, match="base64url"):
        read_base64url(text, len(octets) + 1)


@given(st.text(alphabet=_ALPHABET + "=+/ \n\u00e9\u0660", max_size=12))
def test_no_other_text_is_read(text: str) -> None:
    try:
        octets = read_base64url(text)
    except ValueError:
        return
    assert write_base64url(octets) == text


@pytest.mark.parametrize("text", ["AB", "A", "AA==", "AA\n", "A+", "A/", "\u0661A"])
def test_texts_of_the_same_bytes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        read_base64url(text)
