"""Lines that are folded: a line that begins with a blank continues the previous line (RFC 2849, RFC 2425, RFC 6350)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def unfold_lines(data: bytes, blanks: bytes) -> Iterator[bytes]:
    """The lines of a text without their ends. `blanks` are the bytes that begin a continuation."""
    logical_line: bytearray | None = None
    start = len(_BYTE_ORDER_MARK) if data.startswith(_BYTE_ORDER_MARK) else 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        line = data[start:end].removesuffix(b"\r")
        start = end + 1
        if logical_line is not None and line and line[0] in blanks:
            logical_line += line[1:]
            continue
        if logical_line is not None:
            yield bytes(logical_line)
        logical_line = bytearray(line)
    if logical_line is not None:
        yield bytes(logical_line)


def fold_line(line: bytes, width: int, line_end: bytes = b"\n") -> bytes:
    """A line of UTF-8 in pieces of at most `width` bytes. The blank that begins each further piece counts."""
    pieces: list[bytes] = []
    start = 0
    while start < len(line) or not pieces:
        end = start + width - bool(pieces)
        # No character is cut: each byte after the first of a character is 10xxxxxx.
        while start < end < len(line) and line[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(line[start:end])
        start = end
    return (line_end + b" ").join(pieces) + line_end
