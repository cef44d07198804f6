"""Commands and answers of POP3 on one connection (RFC 1939 section 3, RFC 2449), within the deadline of the wire.

An answer of several lines ends with a line of one dot. A dot is added to each other line that begins with a dot. Raw
messages are passed on in chunks of any length, because their lines have no bound in practice. An answer that came
before its command breaks the connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from webbridge.gateway.door import GatewayCode, GatewayError, UnreadableAnswer, clean_text
from webbridge.gateway.wire import Wire

MAX_LINE_BYTES = 4096  # RFC 2449 section 4 allows 512 in an answer.
MAX_LISTED_BYTES = 16 * 1024 * 1024  # The listing of 100,000 messages is smaller.
CHUNK_BYTES = 64 * 1024

_STATUS = re.compile(rb"(\+OK|-ERR)(?: ++(?>(?:\[([^\]]*+)\])?)([^\r\n]*+))?\r?\n")
_END = b"\r\n.\r\n"
_STUFFED = b"\r\n."


@dataclass(frozen=True, slots=True)
class Status:
    """The first line of an answer: whether the command succeeded, the response code in capitals, and the text."""

    is_ok: bool
    code: str
    text: bytes


class Pop3Wire:
    """A connection that speaks POP3."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def ask(self, command: bytes) -> Status:
        """Send one command and return the first line of its answer.

        Raises UnreadableAnswer if an answer came before the command. The early answer would be taken for the answer to
        this command.
        """
        self.send(command)
        return self.read_status()

    def exchange(self, line: bytes) -> Status | bytes:
        """Send one line of a login. Return the status that ends the login, or the server's challenge (RFC 5034)."""
        self.send(line)
        answer = self.wire.read_line(MAX_LINE_BYTES)
        is_challenge = answer.startswith(b"+") and not answer.startswith(b"+OK")
        return answer[1:].strip() if is_challenge else self._read_status_in(answer)

    def run(self, command: bytes) -> Status:
        """Send one command that must succeed. Raises GatewayError."""
        return self.check(self.ask(command))

    def send(self, *commands: bytes) -> None:
        """Send commands whose answers are read afterwards (RFC 2449 section 6.6)."""
        self.wire.check_quiet()
        self.wire.send(b"".join(command + b"\r\n" for command in commands))

    def read_status(self) -> Status:
        """Return the first line of the next answer."""
        return self._read_status_in(self.wire.read_line(MAX_LINE_BYTES))

    def _read_status_in(self, line: bytes) -> Status:
        match = _STATUS.fullmatch(line)
        if match is None:
            raise self.unreadable()
        code = (match[2] or b"").decode("ascii", "replace").upper()
        return Status(match[1] == b"+OK", code, (match[3] or b"").strip())

    def check(self, status: Status) -> Status:
        """Return the status of a command that succeeded. Raises GatewayError for any other."""
        if status.is_ok:
            return status
        text = clean_text(status.text)
        if status.code in ("SYS/TEMP", "IN-USE"):
            raise GatewayError(GatewayCode.BUSY, f"The mail server cannot do this at the moment: {text}")
        if status.code == "SYS/PERM":
            raise GatewayError(
                GatewayCode.MISCONFIGURED, f"The mail server has a problem. Tell your administrator: {text}"
            )
        raise GatewayError(GatewayCode.SERVER_REFUSED, f"The mail server refused: {text}")

    def read_lines(self) -> Iterator[bytes]:
        """Yield the lines of an answer, without their line ends and additional dots."""
        taken = 0
        while (line := self.wire.read_line(MAX_LINE_BYTES).rstrip(b"\r\n")) != b".":
            taken += len(line)
            if taken > MAX_LISTED_BYTES:
                raise self.unreadable()
            yield line.removeprefix(b".")

    def read_message(self, max_bytes: int) -> Iterator[bytes]:
        """Yield the bytes of a message as the server holds it, in chunks. Its lines may have any length.

        Raises UnreadableAnswer if it has more than `max_bytes`.
        """
        # A line end is put before the first line, so that it is handled like the others. This line end is not yielded.
        buffer, room, left_out = bytearray(b"\r\n"), max_bytes, 2
        is_whole = False
        while not is_whole:
            end = buffer.find(_END)
            is_whole = end >= 0
            part = bytes(buffer[: end + 2]) if is_whole else _settled(buffer)
            del buffer[: len(part)]
            text = part.replace(_STUFFED, b"\r\n")[left_out:]
            left_out = 0 if part else left_out
            room -= len(text)
            if room < 0:
                raise self.unreadable()
            if text:
                yield text
            if not is_whole:
                buffer += self.wire.read_some(CHUNK_BYTES)
        self.wire.unread(bytes(buffer[len(_END) - 2 :]))

    def unreadable(self) -> UnreadableAnswer:
        """Mark the connection as broken, and return the error for a server that violates the protocol."""
        self.wire.broken = True
        return UnreadableAnswer()


def _settled(buffer: bytearray) -> bytes:
    """Return the part of a buffer whose meaning later bytes cannot change.

    It does not end within a line end and a dot.
    """
    part = bytes(buffer[: 1 - len(_END)])
    return part[: -2 if part.endswith(b"\r\n") else -1 if part.endswith(b"\r") else None]
