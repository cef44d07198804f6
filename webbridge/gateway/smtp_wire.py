"""Commands and replies of SMTP on one connection (RFC 5321 sections 4.1 and 4.2), within the deadline of the wire."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from webbridge.gateway.door import ConnectionLost, GatewayCode, GatewayError, MailServer, Security, UnreadableAnswer
from webbridge.gateway.wire import CallDeadline, Wire, on_error

QUIT_SECONDS = 1.0
MAX_REPLY_LINE_BYTES = 4096  # RFC 5321 section 4.5.3.1.5 allows 512
MAX_REPLY_LINES = 200
# The buffers of both ends have room for this many short lines, so neither end waits for the other.
COMMANDS_AT_ONCE = 100

ENDING = 421  # RFC 5321 section 3.8: the server ends the connection.

_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\r\n]*))?\r?\n")


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of a server: its code, and its lines without the code."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the command was carried out (RFC 5321 section 4.2.1)."""
        return 200 <= self.code < 300

    @property
    def is_passing(self) -> bool:
        """Whether the same command may succeed later (RFC 5321 section 4.2.1)."""
        return 400 <= self.code < 500


class SmtpWire:
    """A connection that speaks SMTP. A reply that comes without a command is an error."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._extensions: dict[str, str] = {}

    @classmethod
    def connect(cls, server: MailServer, deadline: CallDeadline) -> SmtpWire:
        """Connect and send EHLO over verified TLS. Raises GatewayError if the server fails or accepts no connection."""
        smtp = cls(Wire.connect(server, server.smtp, deadline))
        with on_error(smtp.wire.close):
            smtp._expect(smtp.read_reply(), 220)
            smtp._say_hello()
            if server.smtp.security is Security.STARTTLS:
                smtp._expect(smtp.command(b"STARTTLS"), 220)
                smtp.wire.start_tls(server.tls_context(), server.smtp.host)
                smtp._say_hello()
        return smtp

    def offers(self, extension: str) -> bool:
        """Return whether the server's EHLO after the start of TLS named this extension."""
        return extension in self._extensions

    def parameters(self, extension: str) -> str:
        """Return the parameters of an extension, or an empty text."""
        return self._extensions.get(extension, "")

    def mechanisms(self) -> frozenset[str]:
        """Return the SASL mechanisms that the server offers, in capitals.

        Some servers write `AUTH=LOGIN PLAIN`, which is older than RFC 4954.
        """
        offers = (f"{name}={parameters}" for name, parameters in self._extensions.items())
        named = (line.removeprefix("auth=").replace("=", " ") for line in offers if line.startswith("auth="))
        return frozenset(name.upper() for line in named for name in line.split())

    def command(self, line: bytes) -> Reply:
        """Send one command and return its reply.

        Raises UnreadableAnswer if a reply came before the command. Such a reply would be taken for the reply to this
        command.
        """
        self.wire.check_quiet()
        self.wire.send(line + b"\r\n")
        return self.read_reply()

    def commands(self, lines: Sequence[bytes]) -> list[Reply]:
        """Send commands and return their replies, in few round trips if the server allows it (RFC 2920).

        A server may end the connection after 421 (RFC 5321 section 3.8). Some servers do so after they have refused the
        first command. The last reply then counts for the missing replies too.
        """
        replies: list[Reply] = []
        try:
            for reply in self._replies(lines):
                replies.append(reply)
        except (ConnectionLost, UnreadableAnswer):
            if not replies or not (replies[-1].code == ENDING or not replies[0].is_accepted):
                raise
        return replies + replies[-1:] * (len(lines) - len(replies))

    def _replies(self, lines: Sequence[bytes]) -> Iterator[Reply]:
        at_once = COMMANDS_AT_ONCE if self.offers("pipelining") else 1
        for start in range(0, len(lines), at_once):
            part = lines[start : start + at_once]
            self.wire.check_quiet()
            self.wire.send(b"".join(line + b"\r\n" for line in part))
            for _ in part:
                yield self.read_reply()

    def leave(self) -> None:
        """Send QUIT and close the connection. The reply is not read, because it is not about a message."""
        if not self.wire.broken:
            self.wire.deadline = CallDeadline(QUIT_SECONDS)
            with suppress(GatewayError):
                self.wire.send(b"QUIT\r\n")
        self.wire.close()

    def last_words(self) -> Reply | None:
        """Return a reply that came without a command, or None. The connection is closed after this call."""
        self.wire.deadline = CallDeadline(QUIT_SECONDS)
        try:
            return self.read_reply()
        except GatewayError:
            return None

    def read_reply(self) -> Reply:
        """Return the next complete reply."""
        lines: list[bytes] = []
        codes: set[bytes] = set()
        while len(lines) < MAX_REPLY_LINES:
            match = _REPLY_LINE.fullmatch(self.wire.read_line(MAX_REPLY_LINE_BYTES))
            if match is None:
                break
            codes.add(match[1])
            lines.append(match[3] or b"")
            if len(codes) == 1 and match[2] != b"-":
                return Reply(int(match[1]), tuple(lines))
        self.wire.broken = True
        raise UnreadableAnswer

    def _say_hello(self) -> None:
        reply = self._expect(self.command(b"EHLO " + _name_of(self.wire.local_host)), 250)
        # Some servers write a tab where RFC 5321 section 4.1.1.1 has a blank.
        lines = (" ".join(line.decode("ascii", "replace").lower().split()) for line in reply.lines[1:])
        words = [line.partition(" ") for line in lines]
        self._extensions = {name: parameters for name, _blank, parameters in words}

    def _expect(self, reply: Reply, code: int) -> Reply:
        if reply.code == code:
            return reply
        passing = GatewayCode.BUSY if reply.is_passing else GatewayCode.MISCONFIGURED
        raise GatewayError(passing, f"The server for outgoing mail refused the connection ({reply.code}).")


def _name_of(host: str) -> bytes:
    """Return an IP address as the address literal that names a client in EHLO (RFC 5321 section 4.1.3)."""
    address = ip_address(host)
    return f"[{'' if address.version == 4 else 'IPv6:'}{address}]".encode()
