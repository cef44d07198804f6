"""The place of one part of a multipart, found in one reading whatever the number of its parts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from smime_core.mime.multipart import MAX_BOUNDARY_LENGTH, MAX_DELIMITER_BLANKS, delimiter_expression
from smime_core.stream.mail import StreamedEntity, find
from smime_core.stream.octets import Octets

_LONGEST_DELIMITER: Final = MAX_BOUNDARY_LENGTH * 4 + MAX_DELIMITER_BLANKS + 16


async def find_part(entity: StreamedEntity, wanted: int) -> tuple[int, int] | None:
    """Returns (start, end) of the part in the body, as `mime.find_parts` finds them, or None.

    Raises MalformedMessage if there is no usable boundary parameter.
    """
    delimiter = re.compile(rb"\n" + delimiter_expression(entity.head) + rb"\r?\n")
    # Act as if a line feed came before the first byte, and after the last.
    position, window, start, passed = -1, b"\n", -1, 0
    async for block in _with_line_feed(entity.body):
        window += block
        after = 0
        while match := delimiter.search(window, after):
            if start >= 0:
                line_feed = match.start()
                end = position + line_feed - (window[line_feed - 1 : line_feed] == b"\r")
                return start, max(start, end)
            if match[1]:
                return None
            passed += 1
            # An empty part shares its line end with the next delimiter.
            after = match.end() - 1
            start = position + match.end() if passed == wanted else -1
        dropped = max(len(window) - _LONGEST_DELIMITER, after)
        position, window = position + dropped, window[dropped:]
    length = await entity.body.length()
    return (start, length) if 0 <= start < length else None


async def _with_line_feed(body: Octets) -> AsyncIterator[bytes]:
    async for block in body.blocks():
        yield bytes(block)
    yield b"\n"


async def find_part_start(entity: StreamedEntity) -> int | None:
    """The start of the first part in the body, or None if there is none. The rest of the body is not read."""
    expression = re.compile(rb"\n" + delimiter_expression(entity.head) + rb"\r?\n")
    bounds = await find(entity.body, expression, 0, longest=_LONGEST_DELIMITER)
    return None if bounds is None else bounds[1]
