"""One reading of the first part of a multipart/signed, which finds the part's end while the caller hashes it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from smime_core.errors import LimitExceeded
from smime_core.limits import MAX_STRUCTURE_BYTES
from smime_core.stream.octets import Octets


class PartWalk:
    """The part: the bytes of `body` from `start` on, up to the line end before the first match of `delimiter`.

    Three values are known after `blocks` has been read to its end. `end` is the position of the part's end, or None if
    no delimiter was found. `has_crlf` is True if a line of the part ends in CRLF. `rest` is the text after the line end
    that follows the part: the delimiter and all that follows it.
    """

    def __init__(self, body: Octets, start: int, delimiter: re.Pattern[bytes], *, longest: int) -> None:
        self._body = body
        self._start = start
        self._delimiter = delimiter
        self._kept_bytes = longest + 1  # the line end before a delimiter belongs to it, and has two bytes
        self.end: int | None = None
        self.has_crlf = False
        self.rest = bytearray()

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The bytes of the part in blocks. Call this once. Raises LimitExceeded if too many bytes follow the part."""
        # Act as if the line feed that ends the first delimiter came before the first byte.
        position, window, inside = self._start - 1, b"\n", 1
        blocks = self._body.blocks(self._start + start)
        async for block in blocks:
            window += block
            if match := self._delimiter.search(window):
                break
            passed = max(len(window) - self._kept_bytes, 0)
            if passed > inside:
                self._look_for_crlf(window, inside, passed + 1)
                yield memoryview(window)[inside:passed]
            position, window, inside = position + passed, window[passed:], max(inside - passed, 0)
        else:
            # Act as if a line feed came after the last byte.
            match = self._delimiter.search(window + b"\n")
        if match:
            if last := self._close(position, window, inside, match):
                yield last
            async for further in blocks:
                self._take_rest(further)

    async def length(self) -> int:
        """The number of bytes, known after `blocks` has been read to its end."""
        return (self.end or self._start) - self._start

    def _close(self, position: int, window: bytes, inside: int, match: re.Match[bytes]) -> memoryview:
        line_feed = match.start()
        end = max(line_feed - (window[line_feed - 1 : line_feed] == b"\r"), inside)
        self.end = position + end
        self._look_for_crlf(window, inside, end)
        self._take_rest(memoryview(window)[line_feed + 1 :])
        return memoryview(window)[inside:end]

    def _look_for_crlf(self, window: bytes, start: int, end: int) -> None:
        self.has_crlf = self.has_crlf or window.find(b"\r\n", start, end) >= 0

    def _take_rest(self, octets: memoryview) -> None:
        self.rest += octets
        if len(self.rest) > MAX_STRUCTURE_BYTES:
            raise LimitExceeded("bytes after the signed part", len(self.rest), MAX_STRUCTURE_BYTES)
