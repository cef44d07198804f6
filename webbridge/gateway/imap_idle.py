"""A connection that waits for changes in the inbox, with IDLE (RFC 2177), or with NOOP if the server lacks IDLE.

Opening, IDLE and DONE wait for the server within a deadline, so they belong in a thread. `read_at_hand` never waits.
The caller calls it during IDLE when the socket has bytes to read. The answers are read only to learn that something has
changed, and whether messages have come. This connection never transfers contents of messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from webbridge.gateway.door import ConnectionLost, Credentials, GatewayCode, GatewayError
from webbridge.gateway.imap_login import connect
from webbridge.gateway.imap_wire import Answer, ImapWire
from webbridge.gateway.wire import CallDeadline, on_error

INBOX: Final = "INBOX"
# Servers may end an IDLE after 30 minutes, and RFC 2177 section 3 asks clients to renew it at least every 29.
RENEW_SECONDS: Final = 28 * 60
MAX_IDLE_BYTES: Final = 4 * 1024 * 1024  # The most bytes during one IDLE: room for 200,000 expunged messages.
_CHANGES: Final = frozenset({"EXISTS", "EXPUNGE", "FETCH", "VANISHED"})
_CHANGE_LINE: Final = re.compile(rb"\* (?:(\d{1,10}) (EXISTS|EXPUNGE|FETCH)|VANISHED)\b", re.IGNORECASE)
_NEXT_UID: Final = re.compile(rb"\[UIDNEXT (\d{1,10})\]", re.IGNORECASE)
_BYE_LINE: Final = re.compile(rb"\* BYE\b", re.IGNORECASE)


def _examined(imap: ImapWire) -> list[Answer]:
    try:
        return imap.run(b"EXAMINE", INBOX.encode())
    except GatewayError:
        if not imap.send_id():
            raise
    return imap.run(b"EXAMINE", INBOX.encode())


class InboxWatch:
    """One connection of one account. The methods that wait raise GatewayError. The connection is unusable then."""

    def __init__(self, imap: ImapWire, timeout_seconds: float) -> None:
        self._imap = imap
        self._timeout_seconds = timeout_seconds
        self._idle_bytes = 0
        self._messages = 0
        self._has_arrived = False
        self.next_uid = 0
        """The UID of the next message will be at least this number. It is 0 if the server names none."""

    @classmethod
    def open(cls, credentials: Credentials) -> InboxWatch:
        """Log in and open the inbox for reading. Raises GatewayError: NOT_OFFERED if the mailbox has no IMAP."""
        server = credentials.account.server
        if server.imap is None:
            raise GatewayError(GatewayCode.NOT_OFFERED, "This mailbox reports no changes. Look for new mail by hand.")
        imap = connect(credentials, CallDeadline(server.timeout_seconds))
        watch = cls(imap, server.timeout_seconds)
        with on_error(imap.wire.close):
            # EXAMINE leaves \Recent as it is. Other programs use this mark of new messages.
            watch._begin(_examined(imap))
        return watch

    @property
    def can_idle(self) -> bool:
        """Whether the server offers IDLE. If not, `poll` asks for changes."""
        return self._imap.offers("IDLE")

    def fileno(self) -> int:
        """Return the number of the socket, for a selector."""
        return self._imap.wire.fileno()

    def take_arrival(self) -> bool:
        """Return whether messages have come since the last call."""
        has_arrived, self._has_arrived = self._has_arrived, False
        return has_arrived

    def begin_idle(self) -> bool:
        """Begin IDLE. Return whether the server has reported a change before IDLE began."""
        self._begin_call()
        self._idle_bytes = 0
        self._imap.send((b"IDLE",))
        has_changed = False
        while not (line := self._imap.read_line()).text.startswith(b"+"):
            if self._imap.is_end(line):
                self._imap.end(line)
                raise self._imap.unreadable()
            has_changed |= self._is_change(self._imap.read_rest(line, kept_literal_bytes=0))
        return has_changed

    def read_at_hand(self) -> bool:
        """Read what has come during IDLE, without waiting. Return whether something has changed.

        No answer during IDLE needs a literal. The bytes of a literal are read as lines, and at worst count as a change.
        """
        lines = self._imap.wire.lines_at_hand(MAX_IDLE_BYTES)
        self._idle_bytes += sum(map(len, lines))
        if self._idle_bytes > MAX_IDLE_BYTES:
            raise self._imap.unreadable()
        for line in lines:
            if _BYE_LINE.match(line) or not line.startswith((b"* ", b"+")):
                # A tagged line would end the IDLE, but only the client may end it.
                self._imap.wire.broken = True
                raise ConnectionLost
        changes = [change for line in lines if (change := _CHANGE_LINE.match(line))]
        for change in changes:
            if change[1]:
                self._count(change[2].decode("ascii").upper(), int(change[1]))
        return bool(changes)

    def end_idle(self) -> bool:
        """End IDLE. Return whether something has changed since the last read."""
        self._begin_call()
        self._imap.send_line(b"DONE")
        return self._have_changed(self._imap.answers())

    def poll(self) -> bool:
        """Ask for changes with NOOP, outside IDLE. Return whether there are any."""
        self._begin_call()
        return self._have_changed(self._imap.run(b"NOOP"))

    def close(self) -> None:
        """Close the connection. The server needs no LOGOUT for that."""
        self._imap.wire.close()

    def _begin_call(self) -> None:
        self._imap.wire.deadline = CallDeadline(self._timeout_seconds)

    def _begin(self, answers: Iterable[Answer]) -> None:
        """Note the state of the inbox from the answers to EXAMINE."""
        for answer in answers:
            if answer.kind == "EXISTS" and answer.number is not None:
                self._messages = answer.number
            elif match := _NEXT_UID.search(answer.text):
                self.next_uid = int(match[1])

    def _have_changed(self, answers: Iterable[Answer]) -> bool:
        # `any` would stop at the first change, and the later changes would not be counted.
        return True in [self._is_change(answer) for answer in answers]

    def _is_change(self, answer: Answer | None) -> bool:
        if answer is None or answer.kind not in _CHANGES:
            return False
        if answer.number is not None:
            self._count(answer.kind, answer.number)
        return True

    def _count(self, kind: str, number: int) -> None:
        """Update the number of messages from one answer (RFC 9051 sections 7.4.1 and 7.5.1)."""
        if kind == "EXPUNGE":
            self._messages = max(0, self._messages - 1)
        elif kind == "EXISTS":
            if number > self._messages:
                self._has_arrived = True
                self.next_uid += number - self._messages if self.next_uid else 0
            self._messages = number
