"""Logged-in connections of sessions to their mailboxes: kept between requests, and never more than a few at once.

A call may find that its kept connection is broken. Then it continues once on a new connection.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sealwax.service.metrics import add_connections
from webbridge.gateway.connection import MailConnection, RawMessage
from webbridge.gateway.door import ConnectionLost, Credentials, GatewayCode, GatewayError, Mailbox
from webbridge.gateway.imap import ImapConnection
from webbridge.gateway.pop3 import Pop3Connection
from webbridge.gateway.row_cache import MAX_BYTES, RowCache
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
# All connections that are closed together may wait so long for the answers to their LOGOUT. The call of another person
# closes them, and so does the end of the process.
LOGOUT_SECONDS = 1.0
# The rows of a session that has made no call for this time are dropped. Its cookie may be lost, or its time over.
CACHE_SECONDS = 900.0
# An ended session is remembered for this time, so that connections are closed when its last calls return them.
ENDED_SECONDS = 900.0

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Room:
    """The connections that are counted together: those of a session, or the only one that a mailbox admits (POP3)."""

    name: str
    places: int = MAX_CONNECTIONS_PER_SESSION

    @classmethod
    def of(cls, session_id: str, credentials: Credentials) -> Room:
        """Return the room of a session's calls."""
        account = credentials.account
        return cls(session_id) if account.server.pop3 is None else cls(f"pop3 {account.address}", 1)


@dataclass(slots=True)
class _Cache:
    rows: RowCache
    used_at: float


@dataclass(slots=True)
class _Idle:
    connection: MailConnection
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
        cache_bytes: int = MAX_BYTES,
    ) -> None:
        self._monotonic = monotonic
        self._wait_seconds = wait_seconds
        self._cache_bytes = cache_bytes
        self._lock = threading.Lock()
        self._is_free = threading.Condition(self._lock)
        self._idle: dict[str, list[_Idle]] = defaultdict(list)
        self._ended: dict[str, float] = {}
        self._caches: dict[str, _Cache] = {}
        self._lent: set[MailConnection] = set()
        self._in_use: Counter[Room] = Counter()
        self._waiting: Counter[Room] = Counter()
        self._is_closed = False

    def log_in(self, credentials: Credentials) -> MailConnection:
        """Return a new connection of a person who has no session yet. Raises GatewayError."""
        if credentials.account.server.pop3 is None:
            return _connect(credentials, _new_deadline(credentials))
        return self._with_place(Room.of("", credentials), lambda: self._log_in_and_out(credentials))

    def adopt(self, session_id: str, connection: MailConnection) -> None:
        """Keep the connection on which the session's password was checked."""
        self._keep_or_close(session_id, connection)

    def run(self, session_id: str, credentials: Credentials, operation: Callable[[MailConnection], Result]) -> Result:
        """Run an operation that may be repeated: on a kept connection, and if that one broke, on a fresh one.

        Raises GatewayError; BUSY if too many calls of this session run already.
        """
        return self._with_place(
            Room.of(session_id, credentials), lambda: self._run_repeatable(session_id, credentials, operation)
        )

    def run_once(
        self, session_id: str, credentials: Credentials, operation: Callable[[MailConnection], Result]
    ) -> Result:
        """Run an operation that must not happen twice, on a connection that has just answered."""

        def run() -> Result:
            deadline = _new_deadline(credentials)
            kept = self._take(session_id, deadline)
            if kept is not None and not kept.is_alive():
                self._give_back(session_id, kept)
                kept = None
            return self._run_on(kept or self._open(credentials, deadline), session_id, operation)

        return self._with_place(Room.of(session_id, credentials), run)

    def open_raw(
        self, session_id: str, credentials: Credentials, mailbox: Mailbox, uid: int, *, max_bytes: int
    ) -> LentMessage:
        """Open a message on a connection that returns to the pool when the message is closed."""
        room = Room.of(session_id, credentials)
        self._enter(room)
        try:
            connection, raw = self._start_reading(session_id, credentials, mailbox, uid, max_bytes)
        except BaseException:
            self._leave(room)
            raise

        def give_back() -> None:
            self._give_back(session_id, connection)
            self._leave(room)

        return LentMessage(raw, give_back)

    def close_session(self, session_id: str) -> None:
        """Log out the idle connections of a session. Those in use are closed when they are returned."""
        with self._lock:
            self._ended[session_id] = self._monotonic()
            self._caches.pop(session_id, None)
            idle = self._idle.pop(session_id, [])
        _close_all(idle)

    def session_ids(self) -> set[str]:
        """Return the ids of the sessions that have idle connections or kept rows."""
        with self._lock:
            return {*self._idle, *self._caches}

    def close(self) -> None:
        """Log out all connections, and break off those in use."""
        with self._lock:
            self._is_closed = True
            idle, lent = [entry for entries in self._idle.values() for entry in entries], list(self._lent)
            self._idle.clear()
            self._caches.clear()
        for connection in lent:
            connection.break_off()
        _close_all(idle)

    def _log_in_and_out(self, credentials: Credentials) -> MailConnection:
        connection = _connect(credentials, _new_deadline(credentials))
        connection.close()
        return connection

    def _with_place(self, room: Room, run: Callable[[], Result]) -> Result:
        self._enter(room)
        try:
            return run()
        finally:
            self._leave(room)

    def _enter(self, room: Room) -> None:
        """Wait until one more connection may be used.

        Raises GatewayError with BUSY after `wait_seconds`, or at once if too many calls wait already.
        """
        with self._is_free:
            if self._has_room(room):
                self._in_use[room] += 1
                add_connections(1)
                return
            if self._waiting[room] >= MAX_WAITING_PER_SESSION:
                raise _too_many_calls()
            self._waiting[room] += 1
            try:
                if not self._is_free.wait_for(lambda: self._has_room(room), self._wait_seconds):
                    raise _too_many_calls()
                self._in_use[room] += 1
                add_connections(1)
            finally:
                self._waiting[room] -= 1
                if not self._waiting[room]:
                    del self._waiting[room]

    def _has_room(self, room: Room) -> bool:
        return self._in_use[room] < room.places

    def _leave(self, room: Room) -> None:
        add_connections(-1)
        with self._is_free:
            self._in_use[room] -= 1
            if not self._in_use[room]:
                del self._in_use[room]
            self._is_free.notify_all()

    def _run_repeatable(
        self, session_id: str, credentials: Credentials, operation: Callable[[MailConnection], Result]
    ) -> Result:
        deadline = _new_deadline(credentials)
        kept = self._take(session_id, deadline)
        if kept is None:
            kept = self._open(credentials, deadline)
        try:
            return self._run_on(kept, session_id, operation)
        except ConnectionLost:
            # A kept connection may have been closed meanwhile, and one message may break a list. Then the list is asked
            # for in smaller steps.
            return self._run_on(self._open(credentials, deadline), session_id, operation)

    def _run_on(
        self, connection: MailConnection, session_id: str, operation: Callable[[MailConnection], Result]
    ) -> Result:
        try:
            connection.cache = self._cache_of(session_id)
            return operation(connection)
        finally:
            self._give_back(session_id, connection)

    def _start_reading(
        self, session_id: str, credentials: Credentials, mailbox: Mailbox, uid: int, max_bytes: int
    ) -> tuple[MailConnection, RawMessage]:
        def start(connection: MailConnection) -> tuple[MailConnection, RawMessage]:
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

    def _open(self, credentials: Credentials, deadline: CallDeadline) -> MailConnection:
        connection = _connect(credentials, deadline)
        with self._lock:
            if not self._is_closed:
                self._lent.add(connection)
                return connection
        connection.close()
        raise ConnectionLost

    def _take(self, session_id: str, deadline: CallDeadline) -> MailConnection | None:
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

    def _cache_of(self, session_id: str) -> RowCache:
        """Return the rows of a session. Those of a session that has ended are not kept."""
        now = self._monotonic()
        with self._lock:
            if self._is_closed or session_id in self._ended:
                return RowCache(0)
            cache = self._caches.setdefault(session_id, _Cache(RowCache(self._cache_bytes), now))
            cache.used_at = now
            return cache.rows

    def _give_back(self, session_id: str, connection: MailConnection) -> None:
        with self._lock:
            self._lent.discard(connection)
        self._keep_or_close(session_id, connection)

    def _keep_or_close(self, session_id: str, connection: MailConnection) -> None:
        with self._lock:
            is_over = self._is_closed or session_id in self._ended
            keep = (
                not is_over
                and connection.may_be_kept
                and not connection.broken
                and len(self._idle[session_id]) < MAX_IDLE_PER_SESSION
            )
            if keep:
                self._idle[session_id].append(_Idle(connection, self._monotonic()))
        if not keep:
            connection.close()

    def _close_stale(self) -> None:
        now = self._monotonic()
        oldest = now - MAX_IDLE_SECONDS
        stale: list[_Idle] = []
        with self._lock:
            self._caches = {one: cache for one, cache in self._caches.items() if cache.used_at > now - CACHE_SECONDS}
            self._ended = {session: at for session, at in self._ended.items() if at > now - ENDED_SECONDS}
            for session_id, idle in list(self._idle.items()):
                stale += [entry for entry in idle if entry.since < oldest]
                fresh = [entry for entry in idle if entry.since >= oldest]
                if fresh:
                    self._idle[session_id] = fresh
                else:
                    del self._idle[session_id]
        _close_all(stale)


def _close_all(idle: Sequence[_Idle]) -> None:
    """Log out connections. When the time for all of them is used up, the rest is closed without a LOGOUT."""
    end = time.monotonic() + LOGOUT_SECONDS
    for entry in idle:
        if time.monotonic() >= end:
            entry.connection.break_off()
        entry.connection.close()


def _connect(credentials: Credentials, deadline: CallDeadline) -> MailConnection:
    if credentials.account.server.pop3 is None:
        return ImapConnection.open(credentials, deadline)
    return Pop3Connection.open(credentials, deadline)


def _new_deadline(credentials: Credentials) -> CallDeadline:
    return CallDeadline(credentials.account.server.timeout_seconds)


def _too_many_calls() -> GatewayError:
    return GatewayError(
        GatewayCode.BUSY, "You have sent too many requests to the mail server at once. Try again in a moment."
    )
