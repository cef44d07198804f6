"""Logged-in IMAP connections, kept for a session between requests.

The pool is a cache that may be lost at any time: a connection that broke is replaced, once, by a fresh login.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from webbridge.gateway.door import ConnectionLost, Credentials, MailServer
from webbridge.gateway.imap import ImapConnection, RawMessage

MAX_IDLE_PER_SESSION = 2
# Servers close idle connections after 30 minutes at the earliest (RFC 9051 section 5.4); we hold them far shorter.
MAX_IDLE_SECONDS = 120.0
# Long enough for what was still running when a session ended: nothing it gives back is kept.
ENDED_SECONDS = 900.0

Result = TypeVar("Result")


@dataclass(slots=True)
class _Idle:
    connection: ImapConnection
    since: float


class LentMessage:
    """The chunks of a raw message; closing it, read to the end or not, gives the connection back.

    A class and not a generator: a generator that was never started does not run its `finally`.
    """

    def __init__(self, raw: RawMessage, *, give_back: Callable[[], None]) -> None:
        self.size_bytes = raw.size_bytes
        self._chunks = raw.chunks
        self._give_back: Callable[[], None] | None = give_back

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        """Give the connection back; the pool keeps it only when nothing was left unread."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()


class ConnectionPool:
    """Idle connections by session."""

    def __init__(self, server: MailServer, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._idle: dict[str, list[_Idle]] = defaultdict(list)
        self._ended: dict[str, float] = {}
        self._lent: set[ImapConnection] = set()
        self._is_closed = False

    def adopt(self, session_id: str, connection: ImapConnection) -> None:
        """Keep the connection whose login checked the password."""
        self._give_back(session_id, connection)

    def run(self, session_id: str, credentials: Credentials, operation: Callable[[ImapConnection], Result]) -> Result:
        """Run something that may be repeated: over a kept connection, and if that one broke, over a fresh one."""
        kept = self._take(session_id)
        if kept is not None:
            try:
                return self._run_on(kept, session_id, operation)
            except ConnectionLost:
                pass
        return self._run_on(self._open(credentials), session_id, operation)

    def run_once(
        self, session_id: str, credentials: Credentials, operation: Callable[[ImapConnection], Result]
    ) -> Result:
        """Run something that must not happen twice: over a connection that has just answered."""
        kept = self._take(session_id)
        if kept is not None and not kept.is_alive():
            self._give_back(session_id, kept)
            kept = None
        return self._run_on(kept or self._open(credentials), session_id, operation)

    def open_raw(
        self, session_id: str, credentials: Credentials, folder: str, uid: int, *, max_bytes: int
    ) -> LentMessage:
        """Open a message on a connection that comes back to the pool when the message is closed."""

        def start(connection: ImapConnection) -> LentMessage:
            try:
                raw = connection.open_raw(folder, uid, max_bytes=max_bytes)
            except BaseException:
                self._give_back(session_id, connection)
                raise
            return LentMessage(raw, give_back=lambda: self._give_back(session_id, connection))

        kept = self._take(session_id)
        if kept is not None:
            try:
                return start(kept)
            except ConnectionLost:
                pass
        return start(self._open(credentials))

    def close_session(self, session_id: str) -> None:
        """Log out every connection of a session."""
        with self._lock:
            self._ended[session_id] = self._monotonic()
            idle = self._idle.pop(session_id, [])
        for entry in idle:
            entry.connection.close()

    def close(self) -> None:
        """Log out everything; what is still in use breaks off."""
        with self._lock:
            self._is_closed = True
            sessions, lent = list(self._idle), list(self._lent)
        for session_id in sessions:
            self.close_session(session_id)
        for connection in lent:
            connection.break_off()

    def _run_on(
        self, connection: ImapConnection, session_id: str, operation: Callable[[ImapConnection], Result]
    ) -> Result:
        try:
            return operation(connection)
        finally:
            self._give_back(session_id, connection)

    def _open(self, credentials: Credentials) -> ImapConnection:
        connection = ImapConnection.open(self._server, credentials)
        with self._lock:
            if not self._is_closed:
                self._lent.add(connection)
                return connection
        connection.close()
        raise ConnectionLost

    def _take(self, session_id: str) -> ImapConnection | None:
        self._close_stale()
        with self._lock:
            idle = self._idle.get(session_id)
            if not idle:
                return None
            connection = idle.pop().connection
            self._lent.add(connection)
            return connection

    def _give_back(self, session_id: str, connection: ImapConnection) -> None:
        with self._lock:
            self._lent.discard(connection)
            is_over = self._is_closed or session_id in self._ended
            keep = not is_over and not connection.broken and len(self._idle[session_id]) < MAX_IDLE_PER_SESSION
            if keep:
                self._idle[session_id].append(_Idle(connection, self._monotonic()))
        if not keep:
            connection.close()

    def _close_stale(self) -> None:
        now = self._monotonic()
        oldest = now - MAX_IDLE_SECONDS
        stale: list[_Idle] = []
        with self._lock:
            self._ended = {session: at for session, at in self._ended.items() if at > now - ENDED_SECONDS}
            for session_id, idle in list(self._idle.items()):
                stale += [entry for entry in idle if entry.since < oldest]
                fresh = [entry for entry in idle if entry.since >= oldest]
                if fresh:
                    self._idle[session_id] = fresh
                else:
                    del self._idle[session_id]
        for entry in stale:
            entry.connection.close()
