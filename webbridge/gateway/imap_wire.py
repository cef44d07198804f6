"""Commands and answers of IMAP on one connection (RFC 9051 sections 2.2 and 7).

An unreadable answer is skipped together with its literals, whose lengths are announced, so the other answers can be
read. The number of lines and bytes of the answers to a command is limited. The deadline of the wire limits the time.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from webbridge.gateway.door import Busy, ConnectionLost, GatewayCode, GatewayError, UnreadableAnswer, clean_text
from webbridge.gateway.failures import COMMAND_CODES, circumstance
from webbridge.gateway.imap_names import are_in_utf8, names_from_utf8, to_utf8
from webbridge.gateway.imap_syntax import (
    FolderName,
    Literal,
    Value,
    is_plain,
    quote,
    read_code,
    read_number,
    read_values,
)
from webbridge.gateway.wire import Wire

MAX_LINE_BYTES = 2 * 1024 * 1024  # Our own bound. The longest line answers a search, with room for 180,000 UIDs.
MAX_ANSWER_BYTES = 8 * 1024 * 1024  # All answers to one command, without the raw message.
MAX_LINES = 20_000  # The lines of all answers to one command.
# The same limits for a list of folders: 100,000 folders with their counts and rights. Only some are kept.
MAX_LISTED_BYTES = 24 * 1024 * 1024
MAX_LISTED_LINES = 320_000
MAX_LITERAL_DIGITS = 10  # RFC 9051 section 9 allows 64-bit numbers, but no mail has so many bytes.
MAX_LITERAL_MINUS_BYTES = 4096  # RFC 7888 section 5
FOLDER_NEWS = frozenset({"EXISTS", "EXPUNGE", "VANISHED"})  # RFC 9051 section 7.4.1 and 7.5.1, RFC 7162 section 3.2.10
MAX_SKIPPED_BYTES = 64 * 1024 * 1024  # The largest literal that is read. Only its beginning may be kept.

_LITERAL_AT_END = re.compile(rb"~?\{(\d{1,40})\+?\}\r?\n\Z")
_UNTAGGED = re.compile(rb"\* (?:(\d{1,18}) )?([A-Za-z]+)(?: |\r?\n|\Z)")
_STATUS = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH)(?: |\r?\n|\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as received. `literal_bytes` is the size of a literal that follows, or None; `text` lacks its `{size}`."""

    text: bytes
    literal_bytes: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One untagged answer: `* 5 FETCH (…)` has the number 5, the kind FETCH and one value, a list."""

    kind: str
    number: int | None
    values: list[Value]
    text: bytes = field(default=b"", repr=False)
    """The text after OK, NO, BAD, BYE or PREAUTH."""


Refusal: TypeAlias = "Callable[[str, bytes], GatewayError]"
"""A function that returns the error for a failed command. It gets the word NO or BAD, and the text after it."""


def refusal(word: str, text: bytes) -> GatewayError:
    """Return the general error of a failed command."""
    if (error := circumstance(read_code(text), text)) is not None:
        return error
    code = COMMAND_CODES.get(read_code(text) if word == "NO" else "", GatewayCode.SERVER_REFUSED)
    if code is GatewayCode.BUSY:
        return GatewayError(code, f"The mail server cannot do this at the moment: {clean_text(text)}")
    if code is GatewayCode.MISCONFIGURED:
        return GatewayError(code, f"The mail server has a problem. Tell your administrator: {clean_text(text)}")
    return GatewayError(GatewayCode.SERVER_REFUSED, f"The mail server refused: {clean_text(text)}")


_NO_FOLDER = re.compile(rb"\[(?:NONEXISTENT|TRYCREATE)\b", re.IGNORECASE)


def folder_refusal(word: str, text: bytes) -> GatewayError:
    """Return the error of a failed command that changes a folder, or messages in one.

    Only with a response code is it certain that the folder does not exist (RFC 9051 section 7.1). GNU Mailutils writes
    the code in the middle of the text.
    """
    if word == "NO" and _NO_FOLDER.search(text):
        return GatewayError(GatewayCode.NO_SUCH_FOLDER, "There is no such folder. Load the list of folders again.")
    return refusal(word, text)


def opening_refusal(word: str, text: bytes) -> GatewayError:
    """Return the error of a failed command that only needs the folder to exist, such as SELECT.

    Many servers refuse such a command without a code if the folder does not exist. A refusal with a code has the reason
    that the code names.
    """
    error = folder_refusal(word, text)
    is_unclear = error.code is GatewayCode.SERVER_REFUSED and read_code(text) in ("", "ALERT")
    return folder_refusal("NO", b"[NONEXISTENT]") if word == "NO" and is_unclear else error


Command: TypeAlias = "tuple[bytes | Literal, ...]"
"""The words of a command. A literal of plain characters is sent as a quoted string."""


class ImapWire:
    """A connection that speaks IMAP.

    Several commands may be sent in one write. Their answers are read in the same order, one command after the other.
    """

    def __init__(self, wire: Wire, capabilities: Iterable[bytes] = ()) -> None:
        self.wire = wire
        self._capabilities = frozenset(name.upper() for name in capabilities)
        self._has_utf8_names = are_in_utf8(self._capabilities)
        self._unfinished: deque[bytes] = deque()
        self._commands = 0
        self._has_name = False
        self.status_text = b""
        """The text of the last status that ended a command. It may begin with a response code."""
        self._taken_bytes = 0
        self._taken_lines = 0
        self._most = (MAX_ANSWER_BYTES, MAX_LINES)
        self.folder_news = 0
        """The number of answers so far that reported new or removed messages in the selected folder."""

    @property
    def has_unfinished(self) -> bool:
        """Whether answers to a command are still to be read."""
        return bool(self._unfinished)

    def offers(self, *names: str) -> bool:
        """Return whether the server has all these capabilities (RFC 9051 section 6.1.1)."""
        return all(name.encode() in self._capabilities for name in names)

    def offers_beginning(self, name: str) -> bool:
        """Return whether the server has a capability that begins with `name`, as `RIGHTS=` (RFC 4314 section 2.2)."""
        return any(capability.startswith(name.encode()) for capability in self._capabilities)

    def send_id(self) -> bool:
        """Send ID, once, to a server that refused a folder (RFC 2971). Return whether a retry may help.

        Coremail (163.com) opens no folder for a program without a name.
        """
        if self.wire.broken or self._has_name or not self.offers("ID"):
            return False
        self._has_name = True
        with suppress(GatewayError):
            self.run(b"ID", b'("name" "Sealwax")')
        return not self.wire.broken

    def run(self, *command: bytes | Literal, refused: Refusal = refusal) -> list[Answer]:
        """Send a command and return its untagged answers if it succeeds.

        Raises GatewayError: the error that `refused` makes of a NO or BAD, UNREACHABLE or UNREADABLE.
        """
        self.send(command)
        return self.answers(refused)

    def answers(self, refused: Refusal = refusal) -> list[Answer]:
        """Return the untagged answers to the first unfinished command. Raises GatewayError as `run` does."""
        answers: list[Answer] = []
        self.finish(answers, refused)
        return answers

    def send(self, *commands: Command) -> None:
        """Send commands in one write.

        If the server offers it, a literal is sent without waiting for the server (RFC 7888).
        """
        lines = bytearray()
        for command in commands:
            # Each command has its own tag, so that a repeated status cannot end a later command.
            self._commands += 1
            self._unfinished.append(b"S%d" % self._commands)
            lines += self._unfinished[-1]
            for word in map(self._as_sent, command):
                if isinstance(word, bytes):
                    lines += b" " + word
                elif is_plain(word.content):
                    lines += b" " + quote(word.content)
                elif self._takes_literal(word):
                    lines += b" {%d+}\r\n" % len(word.content) + word.content
                else:
                    self._send_slowly(bytes(lines), word)
                    lines.clear()
            lines += b"\r\n"
        self._taken_bytes = self._taken_lines = 0
        self.wire.send(bytes(lines))

    def needs_no_wait(self, command: Command) -> bool:
        """Return whether the command can be sent together with others."""
        words = map(self._as_sent, command)
        return all(isinstance(word, bytes) or is_plain(word.content) or self._takes_literal(word) for word in words)

    def drain(self) -> None:
        """Read the answers to all unfinished commands, and drop them."""
        while self._unfinished and not self.wire.broken:
            with suppress(GatewayError):
                self.finish([], kept_literal_bytes=0)

    def finish(
        self,
        answers: list[Answer],
        refused: Refusal = refusal,
        kept_literal_bytes: int = MAX_LINE_BYTES,
    ) -> None:
        """Read until a command ends, and add its answers to `answers`, including answers before a refusal."""
        while True:
            line = self.read_line()
            if self.is_end(line):
                return self.end(line, refused)
            answer = self.read_rest(line, kept_literal_bytes)
            if answer is not None:
                answers.append(answer)

    @contextmanager
    def taking_many(self) -> Iterator[None]:
        """Allow more and longer answers during the block. The caller keeps only some of the answers."""
        self._most = (MAX_LISTED_BYTES, MAX_LISTED_LINES)
        try:
            yield
        finally:
            self._most = (MAX_ANSWER_BYTES, MAX_LINES)

    def ask_for_more(self, *command: bytes | Literal, refused: Refusal) -> None:
        """Send a command and wait until the server asks for the rest of it (RFC 9051 section 7.5)."""
        self.send(command)
        self._await_continuation(refused)

    def send_line(self, line: bytes) -> None:
        """Send one line that is not a command."""
        self.wire.send(line + b"\r\n")

    def read_rest(self, line: Line, kept_literal_bytes: int) -> Answer | None:
        """Return the untagged answer that begins with this line, or None if it has no structure."""
        if not line.text.startswith(b"* "):
            raise self.unreadable()
        pieces = list(self._read_pieces(line, kept_literal_bytes))
        answer = self._parse_untagged(line.text, pieces)
        if answer is not None and answer.kind == "BYE":
            self.wire.broken = True
            raise ConnectionLost
        if answer is not None and answer.kind in FOLDER_NEWS:
            self.folder_news += 1
        return answer

    def is_end(self, line: Line) -> bool:
        """Return whether a line is the status that ends the first unfinished command."""
        return line.text.startswith(self._unfinished[0] + b" ")

    def end(self, line: Line, refused: Refusal = refusal) -> None:
        """End the first unfinished command with its status line. Raises GatewayError if the command failed."""
        tag = self._unfinished.popleft()
        self._taken_bytes = self._taken_lines = 0
        match = _STATUS.match(line.text, len(tag) + 1)
        word = match[1].upper() if match else b""
        if match is None or word not in (b"OK", b"NO", b"BAD"):
            raise self.unreadable()
        self.status_text = line.text[match.end() :].strip()
        if word != b"OK":
            error = refused(word.decode("ascii"), self.status_text)
            self.wire.broken |= isinstance(error, Busy) and error.ends_connection
            raise error

    def read_line(self) -> Line:
        """Return one line, and the size of the literal that follows it.

        A status line ends in text for people. Braces in such a text do not announce a literal.
        """
        text = self._read_text()
        has_values = text.startswith(b"* ") and not _STATUS.match(text, 2)
        return self._split_literal(text) if has_values else Line(text, None)

    def unreadable(self) -> UnreadableAnswer:
        """Mark the connection as broken, and return the error for a server that violates the protocol."""
        self.wire.broken = True
        return UnreadableAnswer()

    def _as_sent(self, word: bytes | Literal) -> bytes | Literal:
        """Return a word of a command as it is sent: a folder's name is in UTF-8 if the server uses UTF-8."""
        return Literal(to_utf8(word.content)) if self._has_utf8_names and isinstance(word, FolderName) else word

    def _takes_literal(self, word: Literal) -> bool:
        size_bytes = len(word.content)
        return self.offers("LITERAL+") or (self.offers("LITERAL-") and size_bytes <= MAX_LITERAL_MINUS_BYTES)

    def _send_slowly(self, before: bytes, word: Literal) -> None:
        self.send_line(before + b" {%d}" % len(word.content))
        self._await_continuation(refusal)
        self.wire.send(word.content)

    def _await_continuation(self, refused: Refusal) -> None:
        while not (line := self.read_line()).text.startswith(b"+"):
            if self.is_end(line):
                self.end(line, refused)
                raise self.unreadable()
            self.read_rest(line, kept_literal_bytes=0)

    def _read_pieces(self, line: Line, kept_literal_bytes: int) -> Iterator[bytes | Literal]:
        yield line.text
        while line.literal_bytes is not None:
            yield Literal(self._read_literal(line.literal_bytes, kept_literal_bytes))
            line = self._split_literal(self._read_text())
            yield line.text

    def _read_literal(self, size_bytes: int, kept_bytes: int) -> bytes:
        if size_bytes > MAX_SKIPPED_BYTES:
            raise self.unreadable()
        literal = bytearray()
        while size_bytes:
            chunk = self.wire.read_some(size_bytes)
            size_bytes -= len(chunk)
            literal += chunk[: kept_bytes - len(literal)]
        self._take_account(len(literal))
        return bytes(literal)

    def _read_text(self) -> bytes:
        text = self.wire.read_line(MAX_LINE_BYTES)
        self._take_account(len(text))
        return text

    def _take_account(self, size_bytes: int) -> None:
        self._taken_bytes += size_bytes
        self._taken_lines += 1
        if self._taken_bytes > self._most[0] or self._taken_lines > self._most[1]:
            raise self.unreadable()

    def _split_literal(self, text: bytes) -> Line:
        match = _LITERAL_AT_END.search(text, max(0, len(text) - 50))
        if match is None:
            return Line(text, None)
        if len(match[1]) > MAX_LITERAL_DIGITS:
            raise self.unreadable()
        return Line(text[: match.start()], int(match[1]))

    def _parse_untagged(self, text: bytes, pieces: list[bytes | Literal]) -> Answer | None:
        """Return the answer, or None if it has no structure."""
        match = _UNTAGGED.match(text)
        if match is None:
            return None
        kind, number = match[2].decode("ascii").upper(), read_number(match[1])
        rest = text[match.end() :]
        if _STATUS.fullmatch(match[2]):
            return Answer(kind, number, [], rest.strip())
        try:
            values = read_values([rest, *pieces[1:]])
        except UnreadableAnswer:
            return None
        return Answer(kind, number, names_from_utf8(kind, values) if self._has_utf8_names else values)
