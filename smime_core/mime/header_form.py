"""Header fields in the one form that relays leave unchanged (RFC 5322 section 2.2.3, RFC 8551 section 3.1.3).

Relays rewrite header fields, even inside a signed part. Mailman 3 and other programs on Python's email package write
`Name: value` with one blank, and drop the blank of an empty field. These programs break lines at control characters,
and may fold lines of more than 78 columns. So a field has one blank after the colon and a first line with text. The
lines of a field are in ASCII, end with no blanks and are folded. A field without a value is left out.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator
from typing import Final

from smime_core.mime.addresses import Mailbox, addresses, format_mailbox
from smime_core.mime.encoded_words import encode_words
from smime_core.mime.headers import Field, parse_headers
from smime_core.mime.parameters import format_parameterised, parse_parameterised

ADDRESS_FIELDS: Final = ("from", "sender", "reply-to", "to", "cc")
_UNSTRUCTURED_FIELDS: Final = ("subject", "comments", "content-description")
_FOLDED_LENGTH: Final = 78  # RFC 5322 section 2.1.1, without the CRLF
_MAX_LINE_LENGTH: Final = 998
_MAX_NAME_LENGTH: Final = _MAX_LINE_LENGTH - len(": x")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OTHER_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
# A sequence of words, without characters that may be syntax in an address field.
_WORDS: Final = re.compile(r"[^ \t\r\n\"(),:;<>@\[\\\]]++(?:[ \t]++[^ \t\r\n\"(),:;<>@\[\\\]]++)*")
# A whole header section with its blank line, if no line is too long.
_LASTING_HEAD: Final = re.compile(rb"(?>(?:[!-9;-~]++: [!-~]++(?>(?:(?>(?:\r\n)?)[ \t]++[!-~]++)*)\r\n)*)\r\n")
_LONG_LINE: Final = re.compile(rb"[^\n]{80}")  # 78 columns and the CR
_MARK: Final = re.compile(r'\\.|"|[ \t]++')


def is_lasting_head(octets: bytes) -> bool:
    """Whether relays leave the header section unchanged. The section has CRLF line ends and a blank line at its end."""
    if _LASTING_HEAD.fullmatch(octets) and not _LONG_LINE.search(octets):
        return True
    return octets.isascii() and write_fields(parse_headers(octets).fields) + b"\r\n" == octets


def write_fields(fields: Iterable[Field]) -> bytes:
    """All fields in the lasting form.

    Only the first field of a name describes a part. If the first field is left out, no later field of this name may
    take its place.
    """
    written: list[bytes] = []
    empty: set[str] = set()
    for field in fields:
        name, encoded = field.name.lower(), write_field(field)
        if not encoded and name.startswith("content-"):
            empty.add(name)
        if name not in empty:
            written.append(encoded)
    return b"".join(written)


def write_field(field: Field) -> bytes:
    """The field in the lasting form with its line end. Returns nothing for a field without a value.

    Also returns nothing for a name longer than a line. A field that has this form stays unchanged.
    """
    lines = _lines_of(field.body)
    if not all(map(bytes.isascii, lines)):
        lines = _lines_of(_encode_value(field).encode("ascii", "replace"))
    if not lines or len(field.name) > _MAX_NAME_LENGTH:
        return b""
    folded = _fold(field.name, [line.decode("ascii") for line in lines])
    return "".join(f"{line}\r\n" for line in folded).encode("ascii")


def _lines_of(body: bytes) -> list[bytes]:
    # The first line has text, because an empty line would have a blank at its end.
    spaced = (_OTHER_CONTROLS.sub(b" ", line.rstrip(b"\r")).rstrip(b" \t") for line in body.split(b"\n"))
    lines = [line for line in spaced if line]
    return [lines[0].lstrip(b" \t"), *lines[1:]] if lines else []


def _encode_value(field: Field) -> str:
    unfolded = _CONTROLS.sub(" ", field.unfolded)
    if field.name.lower() in ("content-type", "content-disposition"):
        return format_parameterised(*parse_parameterised(unfolded))
    if field.name.lower() in ADDRESS_FIELDS and (mailboxes := _writable_mailboxes(field)):
        return ",\r\n ".join(map(format_mailbox, mailboxes))
    if field.name.lower() in _UNSTRUCTURED_FIELDS:
        return _encode_foreign(unfolded)
    return _WORDS.sub(lambda words: _encode_foreign(words[0]), unfolded)


def _writable_mailboxes(field: Field) -> tuple[Mailbox, ...]:
    # Returns nothing if a mailbox cannot be written without loss. Then the caller encodes the words of the field one by
    # one.
    mailboxes = addresses(field.unfolded)
    return mailboxes if all(mailbox.address and mailbox.address.isascii() for mailbox in mailboxes) else ()


def _encode_foreign(words: str) -> str:
    # Encodes all words from the first to the last beyond ASCII, because blanks between encoded-words are not displayed.
    if words.isascii():
        return words
    if " " not in words:
        return encode_words(words)
    pieces = words.split(" ")
    foreign = [index for index, piece in enumerate(pieces) if not piece.isascii()]
    start, end = foreign[0], foreign[-1] + 1
    return " ".join([*pieces[:start], encode_words(" ".join(pieces[start:end])), *pieces[end:]])


def _fold(name: str, lines: list[str]) -> Iterator[str]:
    # A quoted string is only divided if its line would be too long for any transport.
    is_quoted, has_quotes = False, name.lower() not in _UNSTRUCTURED_FIELDS
    for number, text in enumerate(lines):
        line = text if number else f"{name}: {text}"
        blanks, is_quoted = _find_blanks(line, 0 if number else len(name) + 2, is_quoted=is_quoted)
        positions = [position for position, quoted in blanks if not (quoted and has_quotes)]
        for piece in _divide(line, positions, _FOLDED_LENGTH):
            if len(piece) <= _MAX_LINE_LENGTH:
                yield piece
            else:
                start = len(name) + 2 if piece is line and not number else 0
                every, _ = _find_blanks(piece, start, is_quoted=False)
                yield from _divide(piece, [position for position, _ in every], _MAX_LINE_LENGTH)


def _find_blanks(line: str, start: int, *, is_quoted: bool) -> tuple[list[tuple[int, bool]], bool]:
    # Returns two values: (position, whether it is in a quoted string) for each blank after the first word, and whether
    # a quoted string is still open at the end.
    first = len(line) - len(line[start:].lstrip(" \t"))
    positions: list[tuple[int, bool]] = []
    for mark in _MARK.finditer(line, first):
        if mark[0] == '"':
            is_quoted = not is_quoted
        elif not mark[0].startswith("\\"):
            positions.append((mark.start(), is_quoted))
    return positions, is_quoted


def _divide(line: str, positions: list[int], length: int) -> Iterator[str]:
    # Each piece ends at the last of the positions that follows a semicolon or a comma. If there is none, it ends at its
    # last position.
    start = 0
    while len(line) - start > length:
        low, high = bisect.bisect_right(positions, start), bisect.bisect_right(positions, start + length)
        fit = positions[low:high] or positions[high : high + 1]
        if not fit:
            break
        end = next((position for position in reversed(fit) if line[position - 1] in ";,"), fit[-1])
        yield line[start:end]
        start = end
    yield line[start:]
