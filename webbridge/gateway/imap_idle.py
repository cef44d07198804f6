"""A connection that waits for changes in the inbox: IDLE (RFC 2177), or NOOP where the server does not offer it.

Opening, IDLE and DONE wait for the server within a deadline, so they belong into a thread. Between them `read_at_hand`
never waits: the owner calls it when the socket has something to read. The answers are read only as far as they say that
something has changed. Message contents never travel on this connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from webbridge.gateway.door import ConnectionLost, Credentials, GatewayCode, GatewayError
from webbridge.gateway.imap_login import connect
from webbridge.gateway.imap_wire import Answer, ImapWire
from webbridge.gateway.wire import CallDeadline

INBOX: Final = "INBOX"
# Servers may end an IDLE after 30 minutes, and RFC 2177 section 3 asks clients to renew it at least every 29.
RENEW_SECONDS: Final = 28 * 60
MAX_IDLE_BYTES: Final = 4 * 1024 * 1024  # During one IDLE: 200,000 expunged messages.
_CHANGES: Final = frozenset({"EXISTS", "EXPUNGE", "FETCH", "VANISHED"})
_CHANGE_LINE: Final = re.compile(rb"\* (?:\d{1,10} (?:EXISTS|EXPUNGE|FETCH)|VANISHED)\b", re.IGNORECASE)
_BYE_LINE: Final = re.compile(rb"\* BYE\b", re.IGNORECASE)


class InboxWatch:
    """One connection of one account. All waiting methods raise GatewayError; then the connection is of no use."""

    def __init__(self, imap: ImapWire, timeout_seconds: float) -> None:
        self._imap = imap
        self._timeout_seconds = timeout_seconds
        self._idle_bytes = 0

    @classmethod
    def open(cls, credentials: Credentials) -> InboxWatch:
        """Log in and open the inbox for reading. Raises GatewayError: NOT_OFFERED if the mailbox has no IMAP."""
        server = credentials.account.server
        if server.imap is None:
            raise GatewayError(GatewayCode.NOT_OFFERED, "This mailbox reports no changes. Look for new mail by hand.")
        imap = connect(credentials, CallDeadline(server.timeout_seconds))
        try:
            # EXAMINE leaves the mark of new messages, \Recent, to programs that read them.
            imap.run(b"EXAMINE", INBOX.encode())
        except GatewayError:
            imap.wire.close()
            raise
        return cls(imap, server.timeout_seconds)

    @property
    def can_idle(self) -> bool:
        """Whether the server offers IDLE. If not, `poll` asks for changes."""
        return self._imap.offers("IDLE")

    def fileno(self) -> int:
        """Return the number of the socket, for a selector."""
        return self._imap.wire.fileno()

    def begin_idle(self) -> bool:
        """Begin IDLE. Return whether something has changed before it began."""
        self._begin_call()
        self._idle_bytes = 0
        self._imap.send((b"IDLE",))
        has_changed = False
        while not (line := self._imap.read_line()).text.startswith(b"+"):
            if self._imap.is_end(line):
                self._imap.end(line)
                raise self._imap.unreadable()
            has_changed |= _is_change(self._imap.read_rest(line, kept_literal_bytes=0))
        return has_changed

    def read_at_hand(self) -> bool:
        """Read what has come during IDLE, without waiting. Return whether something has changed.

        A literal, which no answer during IDLE needs, is read as lines. At worst these report a change.
        """
        lines = self._imap.wire.lines_at_hand(MAX_IDLE_BYTES)
        self._idle_bytes += sum(map(len, lines))
        if self._idle_bytes > MAX_IDLE_BYTES:
            raise self._imap.unreadable()
        for line in lines:
            if _BYE_LINE.match(line) or not line.startswith((b"* ", b"+")):
                # A tagged line ends the IDLE, which only we may do.
                self._imap.wire.broken = True
                raise ConnectionLost
        return any(map(_CHANGE_LINE.match, lines))

    def end_idle(self) -> bool:
        """End IDLE. Return whether something has changed since the last look."""
        self._begin_call()
        self._imap.send_line(b"DONE")
        return _have_changed(self._imap.answers())

    def poll(self) -> bool:
        """Ask for changes by NOOP, outside IDLE. Return whether there are any."""
        self._begin_call()
        return _have_changed(self._imap.run(b"NOOP"))

    def close(self) -> None:
        """Close the connection. The server needs no LOGOUT for that."""
        self._imap.wire.close()

    def _begin_call(self) -> None:
        self._imap.wire.deadline = CallDeadline(self._timeout_seconds)


def _have_changed(answers: Iterable[Answer]) -> bool:
    return any(map(_is_change, answers))


def _is_change(answer: Answer | None) -> bool:
    return answer is not None and answer.kind in _CHANGES
