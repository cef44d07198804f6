"""The values, response codes and folder names on IMAP's lines (RFC 3501 section 9, RFC 9051 section 9).

Reading is tolerant, but nothing is guessed. An answer without structure raises UnreadableAnswer. Every function takes
linear time.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from webbridge.gateway.door import UnreadableAnswer

MAX_DEPTH = 50  # Nested parentheses. Only BODYSTRUCTURE, which is never requested, could have more.
MAX_NUMBER_DIGITS = 18
# A folder's name that is no modified UTF-7 is shown as UTF-8 after this mark, so that the folder can be opened. If the
# name is no UTF-8 either, its bytes are shown after two marks.
UNREADABLE_NAME_MARK = "\ufffd"

Value: TypeAlias = "bytes | list[Value] | None"
"""An atom, number or string is its bytes. NIL is None. A list in parentheses is a list."""

# An atom may have a part in brackets with blanks, as BODY[HEADER.FIELDS (FROM TO)]<0>.
_TOKEN = re.compile(
    rb"""[ \t\r\n]*+(?:
    (?P<open>\()
    |(?P<close>\))
    |"(?P<quoted>(?>(?:[^"\\]|\\.)*))"
    |(?P<atom>(?>(?:[^\s()"\[\x00-\x1f\x7f]|\[[^\]]*+\])+))
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_CODE = re.compile(rb"\[([A-Za-z0-9.-]+)(?: ([^\]]*+))?\]")
_PLAIN_NAME = re.compile(rb"[\x20-\x7e]*+")
_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*+)-|&")


@dataclass(frozen=True, slots=True)
class Literal:
    """The bytes of a literal in an answer. They have no syntax."""

    content: bytes


@dataclass(frozen=True, slots=True)
class FolderName(Literal):
    """A folder's name in a command, in modified UTF-7. The connection sends it in the form that its server accepts."""

    @classmethod
    def of(cls, name: str) -> FolderName:
        """Return the name of a folder from the text that `read_folder_name` returns."""
        return cls(write_folder_name(name))


def read_values(pieces: Sequence[bytes | Literal]) -> list[Value]:
    """Return the values of one answer. `pieces` are its lines and, between them, its literals.

    Raises UnreadableAnswer.
    """
    top: list[Value] = []
    stack = [top]
    for piece in pieces:
        if isinstance(piece, Literal):
            stack[-1].append(piece.content)
        else:
            _read_line(piece, stack)
    if len(stack) != 1:
        raise UnreadableAnswer
    return top


def read_number(value: Value) -> int | None:
    """Return the value as a number, or None."""
    if isinstance(value, bytes) and value.isdigit() and len(value) <= MAX_NUMBER_DIGITS:
        return int(value)
    return None


def read_code(text: bytes) -> str:
    """Return the response code that a status text begins with, in capitals, or "" (RFC 9051 section 7.1)."""
    match = _CODE.match(text)
    return match[1].decode("ascii").upper() if match else ""


def is_plain(argument: bytes) -> bool:
    """Return whether an argument fits into a quoted string. Any other argument is a literal."""
    return _PLAIN_NAME.fullmatch(argument) is not None


def quote(argument: bytes) -> bytes:
    """Return a plain argument as a quoted string."""
    return b'"' + argument.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def read_folder_name(wire: bytes) -> str:
    """Return the name for people and for the bridge's API. `write_folder_name` returns the same bytes again."""
    name = _decode_utf7(wire)
    if name is None or name.startswith(UNREADABLE_NAME_MARK) or write_folder_name(name) != wire:
        return UNREADABLE_NAME_MARK + _read_raw(wire)
    return name


def write_folder_name(name: str) -> bytes:
    """Return a folder's name as modified UTF-7 (RFC 3501, 5.1.3), or the bytes of a text after a mark."""
    if name.startswith(2 * UNREADABLE_NAME_MARK):
        return name[2:].encode("latin-1", "replace")
    if name.startswith(UNREADABLE_NAME_MARK):
        return name[1:].encode("utf-8", "replace")
    pieces = re.split(r"([^\x20-\x7e]+)", name)
    # The pieces at odd positions have only characters that are not printable ASCII.
    return b"".join(
        _shift(piece) if position % 2 else piece.replace("&", "&-").encode("ascii")
        for position, piece in enumerate(pieces)
    )


def _read_line(line: bytes, stack: list[list[Value]]) -> None:
    position = 0
    end = len(line.rstrip(b" \t\r\n"))
    while position < end:
        match = _TOKEN.match(line, position)
        if match is None:
            # Reading stops at the first byte that fits no token. Continuing from there would take quadratic time.
            raise UnreadableAnswer
        position = match.end()
        if match["open"]:
            inner: list[Value] = []
            stack[-1].append(inner)
            stack.append(inner)
            if len(stack) > MAX_DEPTH:
                raise UnreadableAnswer
        elif match["close"]:
            stack.pop()
            if not stack:
                raise UnreadableAnswer
        elif match["quoted"] is not None:
            stack[-1].append(_ESCAPED.sub(rb"\1", match["quoted"]))
        else:
            stack[-1].append(None if match["atom"].upper() == b"NIL" else match["atom"])


def _read_raw(wire: bytes) -> str:
    """Return UTF-8 as text, and other bytes after a mark. Some servers send UTF-8 unasked (hMailServer, Courier)."""
    try:
        text = wire.decode()
    except UnicodeDecodeError:
        text = UNREADABLE_NAME_MARK
    return UNREADABLE_NAME_MARK + wire.decode("latin-1") if text.startswith(UNREADABLE_NAME_MARK) else text


def _decode_utf7(wire: bytes) -> str | None:
    """Return modified UTF-7 as text, or None for other bytes."""
    if not is_plain(wire):
        return None
    pieces: list[str] = []
    end = 0
    for match in _SHIFTED.finditer(wire):
        pieces.append(wire[end : match.start()].decode("ascii"))
        end = match.end()
        if match[1] is None:
            return None
        if not match[1]:
            pieces.append("&")
            continue
        try:
            encoded = match[1].replace(b",", b"/")
            pieces.append(b64decode(encoded + b"=" * (-len(encoded) % 4)).decode("utf-16-be"))
        except (Base64Error, UnicodeDecodeError):
            return None
    return "".join([*pieces, wire[end:].decode("ascii")])


def _shift(text: str) -> bytes:
    encoded = b64encode(text.encode("utf-16-be", "surrogatepass")).rstrip(b"=")
    return b"&" + encoded.replace(b"/", b",") + b"-"
