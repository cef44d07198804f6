"""Logged-in IMAP connections of sessions: kept between requests, and never more than a few at once.

A call may find that its kept connection is broken. Then it continues once on a new connection.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from sealwax.service.metrics import add_connections
from webbridge.gateway.door import ConnectionLost, Credentials, GatewayCode, GatewayError, Mailbox
from webbridge.gateway.imap import ImapConnection, RawMessage
from webbridge.gateway.wire import CallDeadline

MAX_IDLE_PER_SESSION = 2
# Mail servers allow about ten connections for one user, and people have other programs too.
MAX_CONNECTIONS_PER_SESSION = 4
# Each call that waits for a connection occupies one of our threads.
MAX_WAITING_PER_SESSION = 4
MAX_WAIT_SECONDS = 10.0
# Servers close idle connections after 30 minutes or more (RFC 9051 section 5.4). We close them much earlier.
MAX_IDLE_SECONDS = 120.0
# A router may silently forget an idle connection, so the server has to answer before the next use.
CHECK_AFTER_SECONDS = 15.0
# An ended session is remembered for this time, so that connections are closed when its last calls return them.
ENDED_SECONDS = 900.0

Result = TypeVar("Result")


@dataclass(slots=True)
class _Idle:
    connection: ImapConnection
    since: float


class LentMessage:
    """The chunks of a raw message. `close` returns its connection to the pool, also if chunks were left unread.

    This is a class, because a generator that was never started does not run its `finally`.
    """

    def __init__(self, raw: RawMessage, give_back: Callable[[], None]) -> None:
        self.size_bytes = raw.size_bytes
        self._chunks = raw.chunks
        self._give_back: Callable[[], None] | None = give_back

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        """Return the connection to the pool, which keeps it only if the message was read to its end."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()


class ConnectionPool:
    """Connections by session: those in use and those kept idle."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wait_seconds: float = MAX_WAIT_SECONDS,
    ) -> None:
        self._monotonic = monotonic
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._is_free = threading.Condition(self._lock)
        self._idle: dict[str, list[_Idle]] = defaultdict(list)
        self._ended: dict[str, float] = {}
        self._lent: set[ImapConnection] = set()
        self._in_use: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._is_closed = False

    def adopt(self, session_id: str, connection: ImapConnection) -> None:
        """Keep the connection on which the session's password was checked."""
        self._keep_or_close(session_id, connection)

    def run(self, session_id: str, credentials: Credentials, operation: Callable[[ImapConnection], Result]) -> Result:
        """Run an operation that may be repeated: on a kept connection, and if that one broke, on a fresh one.

        Raises GatewayError; BUSY if too many calls of this session run already.
        """
        return self._with_slot(session_id, lambda: self._run_repeatable(session_id, credentials, operation))

    def run_once(
        self, session_id: str, credentials: Credentials, operation: Callable[[ImapConnection], Result]
    ) -> Result:
        """Run an operation that must not happen twice, on a connection that has just answered."""

        def run() -> Result:
            deadline = _new_deadline(credentials)
            kept = self._take(session_id, deadline)
            if kept is not None and not kept.is_alive():
                self._give_back(session_id, kept)
                kept = None
            return self._run_on(kept or self._open(credentials, deadline), session_id, operation)

        return self._with_slot(session_id, run)

    def open_raw(
        self, session_id: str, credentials: Credentials, mailbox: Mailbox, uid: int, *, max_bytes: int
    ) -> LentMessage:
        """Open a message on a connection that returns to the pool when the message is closed."""
        self._enter(session_id)
        try:
            connection, raw = self._start_reading(session_id, credentials, mailbox, uid, max_bytes)
        except BaseException:
            self._leave(session_id)
            raise

        def give_back() -> None:
            self._give_back(session_id, connection)
            self._leave(session_id)

        return LentMessage(raw, give_back)

    def close_session(self, session_id: str) -> None:
        """Log out the idle connections of a session. Those in use are closed when they are returned."""
        with self._lock:
            self._ended[session_id] = self._monotonic()
            idle = self._idle.pop(session_id, [])
        for entry in idle:
            entry.connection.close()

    def close(self) -> None:
        """Log out all connections, and break off those in use."""
        with self._lock:
            self._is_closed = True
            sessions, lent = list(self._idle), list(self._lent)
        for session_id in sessions:
            self.close_session(session_id)
        for connection in lent:
            connection.break_off()

    def _with_slot(self, session_id: str, run: Callable[[], Result]) -> Result:
        self._enter(session_id)
        try:
            return run()
        finally:
            self._leave(session_id)

    def _enter(self, session_id: str) -> None:
        """Wait until this session may use one more connection.

        Raises GatewayError with BUSY after `wait_seconds`, or at once if too many calls of the session wait already.
        """
        with self._is_free:
            if self._has_room(session_id):
                self._in_use[session_id] += 1
                add_connections(1)
                return
            if self._waiting[session_id] >= MAX_WAITING_PER_SESSION:
                raise _too_many_calls()
            self._waiting[session_id] += 1
            try:
                if not self._is_free.wait_for(lambda: self._has_room(session_id), self._wait_seconds):
                    raise _too_many_calls()
                self._in_use[session_id] += 1
                add_connections(1)
            finally:
                self._waiting[session_id] -= 1
                if not self._waiting[session_id]:
                    del self._waiting[session_id]

    def _has_room(self, session_id: str) -> bool:
        return self._in_use[session_id] < MAX_CONNECTIONS_PER_SESSION

    def _leave(self, session_id: str) -> None:
        add_connections(-1)
        with self._is_free:
            self._in_use[session_id] -= 1
            if not self._in_use[session_id]:
                del self._in_use[session_id]
            self._is_free.notify_all()

    def _run_repeatable(
        self, session_id: str, credentials: Credentials, operation: Callable[[ImapConnection], Result]
    ) -> Result:
        deadline = _new_deadline(credentials)
        kept = self._take(session_id, deadline)
        if kept is not None:
            try:
                return self._run_on(kept, session_id, operation)
            except ConnectionLost:
                pass
        return self._run_on(self._open(credentials, deadline), session_id, operation)

    def _run_on(
        self, connection: ImapConnection, session_id: str, operation: Callable[[ImapConnection], Result]
    ) -> Result:
        try:
            return operation(connection)
        finally:
            self._give_back(session_id, connection)

    def _start_reading(
        self, session_id: str, credentials: Credentials, mailbox: Mailbox, uid: int, max_bytes: int
    ) -> tuple[ImapConnection, RawMessage]:
        def start(connection: ImapConnection) -> tuple[ImapConnection, RawMessage]:
            try:
                return connection, connection.open_raw(mailbox, uid, max_bytes)
            except BaseException:
                self._give_back(session_id, connection)
                raise

        deadline = _new_deadline(credentials)
        kept = self._take(session_id, deadline)
        if kept is not None:
            try:
                return start(kept)
            except ConnectionLost:
                pass
        return start(self._open(credentials, deadline))

    def _open(self, credentials: Credentials, deadline: CallDeadline) -> ImapConnection:
        connection = ImapConnection.open(credentials, deadline)
        with self._lock:
            if not self._is_closed:
                self._lent.add(connection)
                return connection
        connection.close()
        raise ConnectionLost

    def _take(self, session_id: str, deadline: CallDeadline) -> ImapConnection | None:
        self._close_stale()
        with self._lock:
            idle = self._idle.get(session_id)
            if not idle:
                return None
            kept = idle.pop()
            self._lent.add(kept.connection)
        kept.connection.begin_call(deadline)
        if self._monotonic() - kept.since > CHECK_AFTER_SECONDS and not kept.connection.is_alive():
            self._give_back(session_id, kept.connection)
            return None
        return kept.connection

    def _give_back(self, session_id: str, connection: ImapConnection) -> None:
        with self._lock:
            self._lent.discard(connection)
        self._keep_or_close(session_id, connection)

    def _keep_or_close(self, session_id: str, connection: ImapConnection) -> None:
        with self._lock:
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


def _new_deadline(credentials: Credentials) -> CallDeadline:
    return CallDeadline(credentials.account.server.timeout_seconds)


def _too_many_calls() -> GatewayError:
    return GatewayError(
        GatewayCode.BUSY, "You have sent too many requests to the mail server at once. Try again in a moment."
    )
