"""The address book as JSON: strict, so that a damaged one is not read as one with fewer people."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from smime_core.errors import LimitExceeded, MalformedMessage, SmimeError
from smime_core.limits import MAX_BOOK_ENTRIES, MAX_BOOK_NAME_CHARACTERS
from smime_core.trust import BookEntry, build_book, parse_book

GROUP: Final = BookEntry(name="group:Körper 3", at=1_800_000_000_000, value='{"members":["bob@example.test"]}')
REMOVED: Final = BookEntry(name="person:bob@example.test", at=0, value=None)


def text_of(**changes: Any) -> bytes:
    entry = {"name": "group:Ward 3", "at": 1, "value": "x"} | changes
    return json.dumps({"version": "sealwax-book-1", "entries": [entry]}).encode()


def test_it_comes_back_as_it_was_written() -> None:
    assert parse_book(build_book((GROUP, REMOVED))) == (GROUP, REMOVED)
    assert parse_book(build_book(())) == ()


@pytest.mark.parametrize("changes", [{"name": 1}, {"at": "1"}, {"at": -1}, {"at": True}, {"value": 1}, {"more": 1}])
def test_another_shape_is_malformed(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedMessage):
        parse_book(text_of(**changes))


@pytest.mark.parametrize("data", [b"", b"[]", b'{"version":"sealwax-book-2","entries":[]}', b'{"entries":[]}'])
def test_another_text_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_book(data)


def test_a_name_that_appears_twice_is_malformed() -> None:
    with pytest.raises(MalformedMessage, match="twice"):
        parse_book(build_book((GROUP, GROUP)))


@pytest.mark.parametrize("count", [MAX_BOOK_ENTRIES, MAX_BOOK_ENTRIES + 1])
def test_it_has_a_limit(count: int) -> None:
    data = build_book([BookEntry(name=f"person:{number}", at=1, value="x") for number in range(count)])
    if count > MAX_BOOK_ENTRIES:
        with pytest.raises(LimitExceeded):
            parse_book(data)
    else:
        assert len(parse_book(data)) == count


def test_a_name_has_a_limit() -> None:
    assert parse_book(text_of(name="x" * MAX_BOOK_NAME_CHARACTERS))
    with pytest.raises(SmimeError):
        parse_book(text_of(name="x" * (MAX_BOOK_NAME_CHARACTERS + 1)))
