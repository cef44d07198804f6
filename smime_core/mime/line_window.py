"""A window on the bytes of a mail that arrive block by block, and the next delimiter in it (RFC 2046 section 5.1.1).

The window stays small: all bytes that cannot be part of a delimiter are taken out. In text CR, LF and CRLF end a line,
because all of them become CRLF. In other bytes, which keep their line ends, only LF and CRLF end a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from smime_core.asn1.der import Buffer
from smime_core.mime.multipart import MAX_DELIMITER_BLANKS

LINE_END: Final = re.compile(rb"\r\n?+|\n")
_BEHIND_BOUNDARY: Final = rb"(--)?[ \t]{0,%d}+" % MAX_DELIMITER_BLANKS
_TEXT_REST: Final = re.compile(_BEHIND_BOUNDARY + rb"(\r\n?+|\n|\Z)")
_BINARY_REST: Final = re.compile(_BEHIND_BOUNDARY + rb"(\r?\n|\r?\Z)")
_CR: Final = 13
_LF: Final = 10
_HYPHEN: Final = 45


class Delimiter(NamedTuple):
    """A delimiter of the multipart at `level`: from the line end before it up to the line end after it."""

    level: int
    start: int
    end: int
    is_closing: bool


class LineWindow:
    """All positions are counted from the first byte of the mail.

    `position` is the first byte that was not taken. `delimiters` are those of the open multiparts, the outermost first:
    if a line is a delimiter of two multiparts, it belongs to the outer multipart.
    """

    def __init__(self) -> None:
        self.position = 0
        self.is_ended = False
        self._data = b""
        self._start = 0  # the position of the first byte in the window
        self._delimiters: list[bytes] = []
        self._is_text = True
        self._searched = 0  # no delimiter begins before this position, except the one already found
        self._found: Delimiter | None = None

    def feed(self, block: Buffer) -> None:
        """Append a block. Two taken bytes are kept, because the line end before a delimiter may have been taken."""
        dropped = max(self.position - self._start - 2, 0)
        self._data = b"".join((self._data[dropped:], block))
        self._start += dropped

    def end(self) -> None:
        """Declare that no block follows."""
        self.is_ended = True

    def expect(self, delimiters: list[bytes], *, is_text: bool) -> None:
        """Look for these delimiters from now on, in text or in other bytes."""
        if delimiters != self._delimiters or is_text is not self._is_text:
            self._delimiters, self._is_text = delimiters, is_text
            self._searched, self._found = max(self.position - 1, self._start), None

    def take(self, end: int) -> tuple[bytes, int, int]:
        """Take the bytes up to `end` out of the window. Returns (a bytes object, start in it, end in it)."""
        start = self.position - self._start
        self.position = max(end, self.position)
        taken = self._data, start, self.position - self._start
        if self._found is not None and self.position >= self._found.end:
            # The line end of a delimiter may also be the line end before the next delimiter.
            self._searched, self._found = self.position - 1, None
        return taken

    def look(self, end: int) -> bytes:
        """The bytes up to `end`, which stay in the window."""
        return self._data[self.position - self._start : end - self._start]

    def find_delimiter(self) -> tuple[int, Delimiter | None]:
        """Returns (end of the bytes that belong to no delimiter, the delimiter there or None)."""
        if self._found is None and self._delimiters:
            undecided = self._search()
            if undecided is not None:
                return max(self._start + self._line_end_before(undecided), self.position), None
        if self._found is not None:
            return self._found.start, self._found
        end = len(self._data)
        if self._delimiters and not self.is_ended:
            end = self._without_open_end(end)
        return max(self._start + end, self.position), None

    def _search(self) -> int | None:
        # Returns the index of a line that may become a delimiter with the next block.
        known, longest = tuple(self._delimiters), max(map(len, self._delimiters))
        for index in self._lines_of_hyphens(self._searched - self._start):
            self._searched = self._start + index - 1
            if index + longest <= len(self._data) and not self._data.startswith(known, index):
                continue
            for level, delimiter in enumerate(self._delimiters):
                if not self._data.startswith(delimiter, index):
                    if not self.is_ended and delimiter.startswith(self._data[index : index + len(delimiter)]):
                        return index
                    continue
                rest = (_TEXT_REST if self._is_text else _BINARY_REST).match(self._data, index + len(delimiter))
                if self._is_open(index + len(delimiter), rest):
                    return index
                if rest:
                    start = max(self._start + self._line_end_before(index), self.position)
                    self._found = Delimiter(level, start, self._start + rest.end(), rest[1] is not None)
                    return None
        self._searched = max(self._start + len(self._data) - 2, self._searched)
        return None

    def _is_open(self, start: int, rest: re.Match[bytes] | None) -> bool:
        if self.is_ended:
            return False
        if rest is None:
            return len(self._data) == start + 1 and self._data[start] == _HYPHEN
        return rest.end() == len(self._data) and rest[2] in (b"", b"\r")

    def _lines_of_hyphens(self, start: int) -> Iterator[int]:
        # A single hyphen is looked for first, because Base64 has none, and one byte is found much faster than three.
        data = self._data
        while data.find(b"-", start) >= 0:
            line_feed = data.find(b"\n--", start)
            end = line_feed if line_feed >= 0 else len(data)
            while self._is_text and (bare := data.find(b"\r--", start, end)) >= 0:
                yield bare + 1
                start = bare + 1
            if line_feed < 0:
                return
            yield line_feed + 1
            start = line_feed + 1

    def _line_end_before(self, index: int) -> int:
        data = self._data
        if data[index - 1] == _LF and index > 1 and data[index - 2] == _CR:
            return index - 2
        return index - 1

    def _without_open_end(self, end: int) -> int:
        # The last line end is kept, with a hyphen after it, because the two may begin a delimiter.
        data = self._data
        last = end - (end > 0 and data[end - 1] == _HYPHEN)
        if last > 0 and data[last - 1] in (_CR, _LF):
            return self._line_end_before(last)
        return end
