"""PEM blocks (RFC 7468), with the headers of the older form (RFC 1421 section 4.6) that encrypted keys still have.

Only `file_values` reads them. All line forms are read: CR LF, LF, CR, blank lines, indented lines, the whole block on
one line, and the two characters `\\n` that settings and JSON have instead of a line end. The label at the end is not
compared.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_FILE_VALUES, check_limit

PEM_BEGIN: Final = b"-----BEGIN "
_MARK: Final = b"-----"
BEGIN_LINE: Final = re.compile(rb"-----BEGIN ([A-Za-z0-9 #.]{1,64}+)-----")
END_LINE: Final = re.compile(rb"-----END [^\r\n-]{0,64}+-----")
_HEADER: Final = re.compile(rb"[A-Za-z][A-Za-z0-9-]*+:")
_LINE_LENGTH: Final = 64
_WHITE_SPACE: Final = b" \t\r\n\f\v"
_MAX_HEADER_LINES: Final = 100  # Lines of headers in one block; encrypted keys have two.
_MAX_BASE64_VALUES: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PemBlock:
    """One block. `text_before` is the text after the previous block. `problem` is "" for a whole block.

    `octets` are empty if there is a problem.
    """

    label: str
    octets: bytes = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    text_before: bytes = field(default=b"", repr=False)
    problem: str = ""

    def find_header(self, name: str) -> str | None:
        """The value of the first header of that name, or None."""
        return next((value for header, value in self.headers if header.lower() == name.lower()), None)


def find_pem_blocks(text: bytes) -> tuple[PemBlock, ...]:
    """All PEM blocks in a text with any other text around them, in linear time. Raises LimitExceeded."""
    blocks: list[PemBlock] = []
    position = 0
    # Each byte is searched once: the search continues after the end of the block, or at the mark that cut it short.
    while begin := BEGIN_LINE.search(text, position):
        before, label = text[position : begin.start()], begin[1].decode("ascii")
        stop = text.find(_MARK, begin.end())
        end = END_LINE.match(text, stop) if stop >= 0 else None
        position = end.end() if end else stop if stop >= 0 else len(text)
        check_limit("PEM blocks", len(blocks) + 1, MAX_FILE_VALUES)
        if end is None:
            blocks.append(PemBlock(label=label, octets=b"", text_before=before, problem="the block is cut short"))
        else:
            blocks.append(_read_block(label, text[begin.end() : stop], before))
    return tuple(blocks)


def find_base64(text: bytes, start: int) -> int:
    """The offset of the base64 in the block whose first line ends at `start`, after the headers if there are any."""
    start += len(text) - start - len(text[start:].lstrip())
    return start + _take_headers(text[start:])[1] if _HEADER.match(text, start) else start


def build_pem(label: str, octets: bytes) -> bytes:
    """One PEM block with LF line ends (RFC 7468 section 3)."""
    text = base64.b64encode(octets).decode("ascii")
    lines = "".join(f"{text[start : start + _LINE_LENGTH]}\n" for start in range(0, len(text), _LINE_LENGTH))
    return f"-----BEGIN {label}-----\n{lines}-----END {label}-----\n".encode("ascii")


def decode_base64_values(text: bytes) -> bytes:
    """The bytes of one base64 text, or of several one after the other, with or without padding.

    White space is ignored. Raises MalformedMessage for anything else.
    """
    digits = text.translate(None, _WHITE_SPACE)
    # The text is cut after each padding. A value without padding is decoded together with its neighbour.
    values = digits.rstrip(b"=").replace(b"==", b"=").split(b"=", _MAX_BASE64_VALUES)
    try:
        return b"".join(binascii.a2b_base64(value + b"=" * (-len(value) % 4), strict_mode=True) for value in values)
    except binascii.Error as error:
        raise MalformedMessage("the text is not base64") from error


def _read_block(label: str, body: bytes, text_before: bytes) -> PemBlock:
    # Writers of settings put two characters in place of a line end.
    text = body.replace(b"\\r", b"").replace(b"\\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip()
    headers, start = _take_headers(text) if _HEADER.match(text) else ((), 0)
    try:
        octets, problem = decode_base64_values(text[start:]), ""
    except MalformedMessage:
        octets, problem = b"", "the block is not base64"
    return PemBlock(label=label, octets=octets, headers=headers, text_before=text_before, problem=problem)


def _take_headers(text: bytes) -> tuple[tuple[tuple[str, str], ...], int]:
    # Returns the headers, and the offset after them. RFC 1421 ends them with a blank line. Some writers omit the blank
    # line; then the base64 begins with the first line that has no name. A line that begins with a blank continues a
    # header.
    headers: list[tuple[str, str]] = []
    start = 0
    for _ in range(_MAX_HEADER_LINES):
        end = text.find(b"\n", start)
        line = text[start : end if end >= 0 else len(text)]
        if _HEADER.match(line):
            name, _, value = line.decode("latin-1").partition(":")
            headers.append((name, value.strip()))
        elif line[:1] in (b" ", b"\t") and line.strip():
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.decode('latin-1').strip()}")
        else:
            break
        if end < 0:
            return tuple(headers), len(text)
        start = end + 1
    return tuple(headers), start
