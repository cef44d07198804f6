"""The one reader of JSON from others refuses members that appear twice, and texts that cannot be written again."""

from __future__ import annotations

import json

import pytest

from roaming_keys.wire import ParametersRequest
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.own_content.own_content import parse_members
from smime_core.trust.contacts_json import parse_contacts
from smime_core.trust.decisions_json import parse_decisions
from smime_core.trust.strict_json import parse_json

HALVES = [b'"\\ud800"', b'["a", "\\uDFFF"]', b'{"\\uDa00x": 1}', b'"\\udc00\\ud800"', b'"\xed\xa0\x80"']


@pytest.mark.parametrize("data", HALVES)
def test_half_a_character_is_no_text(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_json(data, where="test", max_bytes=100)


@pytest.mark.parametrize("data", [b'"\\ud83d\\ude00"', '"\U0001f600"'.encode(), b'\xef\xbb\xbf"a"', b'"\\\\ud800"'])
def test_whole_characters_are_read(data: bytes) -> None:
    assert parse_json(data, where="test", max_bytes=100) == json.loads(data.removeprefix(b"\xef\xbb\xbf"))


@pytest.mark.parametrize(
    "data", [b'{"a": 1, "a": 2}', '"a"'.encode("utf-16"), b"[" * 100_000, b"9" * 5_000, b"\xff", b""]
)
def test_ambiguous_json_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_json(data, where="test", max_bytes=200_000)


def test_the_size_is_bounded() -> None:
    with pytest.raises(LimitExceeded):
        parse_json(b'"aaaa"', where="test", max_bytes=5)


@pytest.mark.parametrize(
    "read",
    [
        parse_contacts,
        parse_decisions,
        ParametersRequest.from_json,
        lambda data: parse_members(data, {"version", "text"}, where="test", version="1"),
    ],
)
def test_every_reader_of_json_refuses_half_a_character(read: object) -> None:
    assert callable(read)
    with pytest.raises(MalformedMessage, match="not JSON"):
        read(b'{"version": "1", "text": "\\ud800"}')
