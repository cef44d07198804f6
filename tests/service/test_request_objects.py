"""The JSON of requests: one reader for whole bodies and for the line before the bytes of a body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sealwax.service import ServiceError, parse_body, parse_first_line

READERS = pytest.mark.parametrize("read", [parse_body, parse_first_line])


@READERS
def test_the_members_of_an_object_are_read(read: Callable[[bytes], dict[str, Any]]) -> None:
    assert read(b'{"to": ["a@example.test"], "days": 7}\n') == {"to": ["a@example.test"], "days": 7}


@READERS
@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON"),
        (b'{"days": 7, "days": 8}', "not JSON"),
        ('{"days": 7}'.encode("utf-16"), "not JSON"),
        (b'{"text": "\\ud800"}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[7]", "not an object"),
        (b"null", "not an object"),
    ],
    ids=["empty", "member twice", "UTF-16", "half a character", "deep", "list", "null"],
)
def test_another_text_is_refused(read: Callable[[bytes], dict[str, Any]], data: bytes, why: str) -> None:
    with pytest.raises(ServiceError, match=why) as refused:
        read(data)
    assert (refused.value.status, refused.value.code) == (400, "bad-request")
