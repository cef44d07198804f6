"""The connections to submission servers that stay open for the next message of the same session.

A new connection needs five round trips before it accepts a message: TCP, TLS, greeting, EHLO and AUTH. A kept
connection has to answer RSET, which also ends an unfinished transaction (RFC 5321 section 4.1.1.5).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from webbridge.gateway.door import Credentials, GatewayError
from webbridge.gateway.smtp_wire import SmtpWire
from webbridge.gateway.wire import CallDeadline

MAX_IDLE_SECONDS: Final = 30.0
# The time to wait for the answer, because a router may have dropped an idle connection. The message then uses a new
# connection.
CHECK_SECONDS: Final = 5.0
MAX_KEPT: Final = 500


@dataclass(frozen=True, slots=True)
class _Kept:
    smtp: SmtpWire
    credentials: Credentials
    since: float


class KeptSmtp:
    """At most one connection for each session. It is logged in, and no message is being sent on it."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def take(self, session_id: str, credentials: Credentials) -> SmtpWire | None:
        """Return the session's connection if it still answers and was made with these credentials."""
        with self._lock:
            connection = self._kept.pop(session_id, None)
        if connection is None:
            return None
        is_recent = self._monotonic() - connection.since < MAX_IDLE_SECONDS
        if is_recent and connection.credentials == credentials and _answers(connection.smtp):
            return connection.smtp
        connection.smtp.leave()
        return None

    def keep(self, session_id: str, credentials: Credentials, smtp: SmtpWire) -> None:
        """Keep a connection whose last message was accepted."""
        with self._lock:
            over = [self._kept.pop(session_id, None)]
            if len(self._kept) >= MAX_KEPT:
                over.append(self._kept.pop(next(iter(self._kept))))
            self._kept[session_id] = _Kept(smtp, credentials, self._monotonic())
        _leave_all(over)

    def session_ids(self) -> set[str]:
        """Return the ids of the sessions that have a connection."""
        with self._lock:
            return set(self._kept)

    def end(self, session_id: str) -> None:
        """Close the connection of a session."""
        with self._lock:
            over = self._kept.pop(session_id, None)
        _leave_all([over])

    def end_idle(self) -> None:
        """Close the connections that are idle for long."""
        oldest = self._monotonic() - MAX_IDLE_SECONDS
        with self._lock:
            over = {session: connection for session, connection in self._kept.items() if connection.since <= oldest}
            for session in over:
                del self._kept[session]
        _leave_all(over.values())

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            over = list(self._kept.values())
            self._kept.clear()
        _leave_all(over)


def _answers(smtp: SmtpWire) -> bool:
    smtp.wire.deadline = CallDeadline(CHECK_SECONDS)
    try:
        return smtp.command(b"RSET").code == 250 and smtp.wire.is_quiet()
    except GatewayError:
        return False


def _leave_all(over: Iterable[_Kept | None]) -> None:
    for connection in over:
        if connection is not None:
            connection.smtp.leave()
