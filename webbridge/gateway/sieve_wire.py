"""Commands and answers of ManageSieve on one connection (RFC 5804 section 1.2), within the deadline of the wire.

An answer is some rows and a status. Strings are quoted, or literals that announce their length. The size of an answer
is bounded before a byte of it is read. An answer that came before its command breaks the connection.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from webbridge.gateway.door import UnreadableAnswer
from webbridge.gateway.wire import Wire

# RFC 5804 section 4 allows 1,024 bytes in a quoted string. A row has two of them, or a response code with a few.
MAX_LINE_BYTES: Final = 8 * 1024
MAX_ANSWER_BYTES: Final = 64 * 1024  # Our own bound. Lists of capabilities and of scripts have some hundred bytes.

_TOKEN: Final = re.compile(
    rb'[ ]*+(?:"((?>(?:[^"\\\r\n\0]|\\["\\])*))"|\{(\d{1,10})\+?\}(?=\r?\n)|([A-Za-z][!#-\'*-\[\]-z|~]*+)|([()]))'
)
_END: Final = re.compile(rb"[ ]*+\r?\n")
_ESCAPED: Final = re.compile(rb'\\(["\\])')
_STATUSES: Final = frozenset({"OK", "NO", "BYE"})


@dataclass(frozen=True, slots=True)
class Word:
    """An atom or a parenthesis of a row, in capitals. Strings of a row are bytes instead."""

    text: str


_OPEN, _CLOSE, _NO_CODE = Word("("), Word(")"), Word("")

Row = tuple[Word | bytes, ...]


@dataclass(frozen=True, slots=True)
class SieveAnswer:
    """The rows of an answer, its status `OK`, `NO` or `BYE`, the response code in capitals, and the text."""

    rows: tuple[Row, ...]
    status: str
    code: str
    data: bytes
    text: bytes

    @property
    def is_ok(self) -> bool:
        """Whether the command succeeded."""
        return self.status == "OK"


class SieveWire:
    """A connection that speaks ManageSieve."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def ask(self, command: bytes, *, max_bytes: int = MAX_ANSWER_BYTES) -> SieveAnswer:
        """Send one command and return its answer.

        Raises UnreadableAnswer if an answer came before the command. The early answer would be taken for the answer to
        this command.
        """
        self.send(command)
        return self.read_answer(max_bytes)

    def exchange(self, line: bytes) -> SieveAnswer | bytes:
        """Send one line of a login. Return the answer that ends the login, or the server's challenge (section 2.1)."""
        self.send(line)
        room = _Room(MAX_ANSWER_BYTES)
        row = self._read_row(room)
        if len(row) == 1 and isinstance(row[0], bytes):
            return row[0]
        return self._answer_of((), row)

    def send(self, line: bytes) -> None:
        """Send one command, or the answer to a challenge."""
        self.wire.check_quiet()
        self.wire.send(line + b"\r\n")

    def read_answer(self, max_bytes: int = MAX_ANSWER_BYTES) -> SieveAnswer:
        """Return the next answer. Raises UnreadableAnswer if it has more than `max_bytes`."""
        room, rows = _Room(max_bytes), []
        while isinstance((row := self._read_row(room))[0], bytes):
            rows.append(row)
        return self._answer_of(tuple(rows), row)

    def unreadable(self) -> UnreadableAnswer:
        """Mark the connection as broken, and return the error for a server that violates the protocol."""
        self.wire.broken = True
        return UnreadableAnswer()

    def _read_row(self, room: _Room) -> Row:
        """Return the words and strings of one row, which has at least one of them."""
        row: list[Word | bytes] = []
        line, place = self._read_line(room), 0
        while not _END.fullmatch(line, place):
            match = _TOKEN.match(line, place)
            if match is None:
                raise self.unreadable()
            place = match.end()
            quoted, length, atom, parenthesis = match.groups()
            if length is not None:
                row.append(self._read_literal(int(length), room))
                line, place = self._read_line(room), 0
            elif quoted is not None:
                row.append(_ESCAPED.sub(rb"\1", quoted))
            else:
                row.append(Word((atom or parenthesis).decode("ascii").upper()))
        if not row:
            raise self.unreadable()
        return tuple(row)

    def _read_line(self, room: _Room) -> bytes:
        line = self.wire.read_line(MAX_LINE_BYTES)
        if not room.takes(len(line)):
            raise self.unreadable()
        return line

    def _read_literal(self, size_bytes: int, room: _Room) -> bytes:
        if not room.takes(size_bytes):
            raise self.unreadable()
        content = bytearray()
        while len(content) < size_bytes:
            content += self.wire.read_some(size_bytes - len(content))
        return bytes(content)

    def _answer_of(self, rows: tuple[Row, ...], last: Row) -> SieveAnswer:
        """Return the answer whose status is in the row `last` (section 1.2: response-oknobye)."""
        code: Row = (_NO_CODE,)
        status, rest = last[0], last[1:]
        if rest[:1] == (_OPEN,) and _CLOSE in rest:
            end = rest.index(_CLOSE)
            code, rest = rest[1:end] or (b"",), rest[end + 1 :]
        name, *arguments = code
        data, text = ([*parts, b""][0] for parts in (arguments, rest))
        match status, name, data, text:
            case Word(word), Word(code_name), bytes(), bytes() if word in _STATUSES and len(rest) <= 1:
                return SieveAnswer(rows, word, code_name, data, text)
        raise self.unreadable()


class _Room:
    """The bytes that an answer may still have."""

    def __init__(self, size_bytes: int) -> None:
        self._left = size_bytes

    def takes(self, size_bytes: int) -> bool:
        """Count bytes. Return whether there was room for them."""
        self._left -= size_bytes
        return self._left >= 0


def quoted(text: str) -> bytes:
    """Return a quoted string of a command. The text has no CR, LF or NUL (RFC 5804 section 4)."""
    return b'"' + re.sub(rb'["\\]', rb"\\\g<0>", text.encode()) + b'"'


def literal(content: bytes) -> bytes:
    """Return a literal of a command, for which the server need not be asked."""
    return b"{%d+}\r\n%b" % (len(content), content)
