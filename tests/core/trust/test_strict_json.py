"""The one reader of JSON from others refuses members that appear twice, and texts that cannot be written again."""

from __future__ import annotations

import json

import pytest

from roaming_keys.protocol.messages.accounts import ParametersRequest
from smime_core.errors import LimitExceeded, MalformedMessage
from smime_core.limits import MAX_DECISION_ADDRESSES, MAX_DECISIONS, MAX_JSON_TOKENS
from smime_core.own_content.forms import MAX_ENTRIES
from smime_core.own_content.own_content import parse_members
from smime_core.text.strict_json import parse_json
from smime_core.trust.contacts_json import parse_contacts
from smime_core.trust.decisions_json import parse_decisions

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


@pytest.mark.parametrize(
    ("start", "value", "end"),
    [
        (b'\r\n\r\n{"a":[', b"[],", b"[]]}"),
        (b"[", b"{},", b"{}]"),
        (b"[", b'{"a":1},', b"1]"),
        (b"[", b'"",', b"1]"),
        (b"[", b"1.5,", b"1]"),
        (b"", b"[", b""),
        (b"", b'"" ', b""),
        (b"", b'"\\" ', b""),
    ],
)
def test_values_that_take_much_memory_are_counted_before_they_are_read(
    start: bytes, value: bytes, end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise AssertionError("read")

    monkeypatch.setattr("smime_core.text.strict_json.json.loads", refuse)
    with pytest.raises(LimitExceeded, match="JSON tokens of a test is 250001, at most 250000"):
        parse_json(start + value * (MAX_JSON_TOKENS + 1) + end, where="a test", max_bytes=10_000_000)


def test_a_long_text_is_one_token() -> None:
    for text in (',[{:}]"' * 300_000, '\\"' * 300_000, "\n" * 300_000, 'ü"', ""):
        members = json.dumps({"text": text, "other": [1, 2, 3]}).encode()
        read = parse_json(members, where="a test", max_bytes=10_000_000, max_tokens=8)
        assert read == {"text": text, "other": [1, 2, 3]}
    with pytest.raises(LimitExceeded, match="JSON tokens"):
        parse_json(members, where="a test", max_bytes=1_000, max_tokens=7)


def test_the_largest_honest_texts_are_read() -> None:
    file = ["file", "name", "filename", "1234", "0" * 64, "label", "visible"]
    form = json.dumps({"entries": [file] * MAX_ENTRIES, "other": ["text"] * 20}).encode()
    parse_json(form, where="a form", max_bytes=len(form))
    decision = {"certificate": "x", "kind": "exact", "addresses": ["a@b"] * MAX_DECISION_ADDRESSES, "acceptedAt": "x"}
    decisions = json.dumps({"version": "1", "decisions": [decision] * MAX_DECISIONS}).encode()
    parse_json(decisions, where="decisions", max_bytes=len(decisions))


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
