"""A mail server that answers by a script, for tests of behaviour that real servers do not show.

The server has one thread for each connection, and TLS with the tests' certificate. A script maps the beginning of a
command to the steps of its answer. `TAG` in an answer stands for the tag of the command.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from webbridge.demo.tls import server_context
from webbridge.gateway import MailServer, ServerAddress

HOST = "127.0.0.1"
LINE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Drip:
    """Step: send bytes one by one, with pauses."""

    data: bytes
    pause_seconds: float = 0.1


@dataclass(frozen=True, slots=True)
class Wait:
    """Step: send nothing for some time, or until the test is over."""

    seconds: float = 60.0


class Close:
    """Step: close the connection."""


class TakeLine:
    """Step: read a line of the client that is no command."""


class TakeLiteral:
    """Step: read as many bytes as the last line announced in braces, and the line end after them."""


class TakeMessage:
    """Step: read all lines up to a line with only a dot."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Step: read a line of the client that is no command, and send what the function makes of it."""

    make: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Made:
    """Step: send what the function returns."""

    make: Callable[[], bytes]


Step = bytes | Drip | Wait | Close | TakeLine | TakeLiteral | TakeMessage | Reply | Made
Script = Mapping[str, Sequence[Step]]

IMAP: Script = {
    "": [b"TAG BAD what?\r\n"],
    "GREETING": [b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n"],
    "CAPABILITY": [b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK\r\n"],
    "AUTHENTICATE PLAIN": [b"+ \r\n", TakeLine(), b"TAG OK signed in\r\n"],
    "NOOP": [b"TAG OK\r\n"],
    "LOGOUT": [b"* BYE\r\nTAG OK\r\n", Close()],
    "LIST": [b'* LIST (\\HasNoChildren) "/" INBOX\r\n* LIST (\\Sent) "/" Sent\r\nTAG OK\r\n'],
    "STATUS": [b"* STATUS INBOX (MESSAGES 2 UNSEEN 1)\r\nTAG OK\r\n"],
    "SELECT": [b"* 2 EXISTS\r\n* OK [UIDVALIDITY 9] valid\r\n* OK [UIDNEXT 8] next\r\nTAG OK\r\n"],
    "FETCH": [b"* 1 FETCH (UID 5)\r\n* 2 FETCH (UID 7)\r\nTAG OK\r\n"],
    "UID SEARCH": [b"* SEARCH 5 7\r\nTAG OK\r\n"],
    "UID STORE": [b"TAG OK\r\n"],
    "APPEND": [b"+ go on\r\n", TakeLiteral(), b"TAG OK\r\n"],
}
POP3: Script = {
    "": [b"-ERR what?\r\n"],
    "GREETING": [b"+OK ready\r\n"],
    "CAPA": [b"+OK\r\nSASL PLAIN\r\nUSER\r\nTOP\r\nUIDL\r\n.\r\n"],
    "AUTH PLAIN": [b"+OK signed in\r\n"],
    "USER": [b"+OK\r\n"],
    "PASS": [b"+OK signed in\r\n"],
    "NOOP": [b"+OK\r\n"],
    "UIDL": [b"+OK\r\n1 first\r\n2 second\r\n.\r\n"],
    "LIST": [b"+OK 2 26\r\n"],
    "TOP": [b"+OK\r\nFrom: a@example.test\r\nSubject: x\r\n\r\n.\r\n"],
    "RETR": [b"+OK 26 bytes\r\nSubject: x\r\n\r\nhello\r\n..dot\r\n.\r\n"],
    "DELE": [b"+OK\r\n"],
    "QUIT": [b"+OK\r\n", Close()],
}
SMTP: Script = {
    "": [b"500 what?\r\n"],
    "GREETING": [b"220 ready\r\n"],
    "EHLO": [b"250-here\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n"],
    "AUTH PLAIN": [b"235 signed in\r\n"],
    "MAIL FROM": [b"250 ok\r\n"],
    "RCPT TO": [b"250 ok\r\n"],
    "DATA": [b"354 go on\r\n", TakeMessage(), b"250 taken\r\n"],
    "QUIT": [b"221 bye\r\n", Close()],
}


class LyingServer:
    """A context manager that runs the server. A test may change `answers` at any time."""

    def __init__(self, script: Script, *, tls_folder: Path) -> None:
        self.answers: dict[str, Sequence[Step]] = dict(script)
        self.received: list[bytes] = []
        self.taken: list[bytes] = []
        self.messages: list[bytes] = []
        self.most_at_once = 0
        self.stop = threading.Event()
        self._context = server_context(tls_folder)
        self._ca_file = tls_folder / "tls_ca.pem"
        self._listening = socket.create_server((HOST, 0))
        # A small buffer: the system would otherwise accept a megabyte for a server that has stopped reading.
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LINE_BYTES)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def address(self, *, timeout_seconds: float = 5.0) -> MailServer:
        """The address of this server for a bridge, the same for IMAP and SMTP."""
        address = ServerAddress(host=HOST, port=self._listening.getsockname()[1])
        return MailServer(imap=address, smtp=address, ca_file=self._ca_file, timeout_seconds=timeout_seconds)

    def pop3_address(self, *, timeout_seconds: float = 5.0) -> MailServer:
        """The address of this server for a bridge that reads the mailbox by POP3."""
        return replace(self.address(timeout_seconds=timeout_seconds), imap=None, pop3=self.address().imap)

    def commands(self, beginning: str) -> list[bytes]:
        """The received commands with this beginning, without their tags."""
        return [line for line in self.received if line.upper().startswith(beginning.encode())]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.hang_up()
        for thread in self._threads:
            thread.join()

    def hang_up(self) -> None:
        """End all connections, as a server does that starts again."""
        with self._lock:
            left = list(self._open)
        for connection in left:
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self.stop.is_set():
            try:
                plain, _address = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(plain,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError, ValueError), self._context.wrap_socket(plain, server_side=True) as connection:
            with self._lock:
                self._open.add(connection)
                self.most_at_once = max(self.most_at_once, len(self._open))
            try:
                _Conversation(self, connection).hold()
            finally:
                with self._lock:
                    self._open.discard(connection)


class _Conversation:
    def __init__(self, server: LyingServer, connection: ssl.SSLSocket) -> None:
        self._server = server
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._last = b""

    def hold(self) -> None:
        with self._lines:
            is_open = self._answer("GREETING", b"")
            while is_open and (line := self._lines.readline(LINE_BYTES)):
                self._last = line
                tag, command = self._split(line)
                self._server.received.append(command)
                is_open = self._answer(self._key(command), tag)

    def _split(self, line: bytes) -> tuple[bytes, bytes]:
        first, _, rest = line.strip().partition(b" ")
        return (first, rest) if re.fullmatch(rb"[A-P]{4}\d+|S\d+", first) else (b"", line.strip())

    def _key(self, command: bytes) -> str:
        text = command.decode("latin-1").upper()
        return max((key for key in self._server.answers if text.startswith(key)), key=len)

    def _answer(self, key: str, tag: bytes) -> bool:
        """Do the steps. Returns False if the connection must be closed."""
        for step in self._server.answers[key]:
            match step:
                case bytes():
                    self._connection.sendall(step.replace(b"TAG", tag))
                case Drip():
                    for byte in step.data.replace(b"TAG", tag):
                        if self._server.stop.wait(step.pause_seconds):
                            return False
                        self._connection.sendall(bytes((byte,)))
                case Wait():
                    if self._server.stop.wait(step.seconds):
                        return False
                case Close():
                    return False
                case Made():
                    self._connection.sendall(step.make().replace(b"TAG", tag))
                case Reply():
                    line = self._lines.readline(LINE_BYTES).strip()
                    if not line:
                        return False
                    self._server.taken.append(line)
                    self._connection.sendall(step.make(line))
                case _:
                    self._take(step)
        return True

    def _take(self, step: TakeLine | TakeLiteral | TakeMessage) -> None:
        if isinstance(step, TakeLine):
            self._server.taken.append(self._lines.readline(LINE_BYTES).strip())
        elif isinstance(step, TakeLiteral):
            announced = re.search(rb"\{(\d+)\+?\}\s*\Z", self._last)
            assert announced, self._last
            self._server.messages.append(self._lines.read(int(announced[1])))
            self._lines.readline(LINE_BYTES)
        else:
            lines = []
            while (line := self._lines.readline(LINE_BYTES)) not in (b".\r\n", b""):
                lines.append(line)
            if line:
                self._server.messages.append(b"".join(lines))
