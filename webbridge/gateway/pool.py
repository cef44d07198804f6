"""Logged-in connections of sessions to their mailboxes. They are kept between requests.

`slots` limits their number. If a connection breaks, the call is repeated once on a new one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from webbridge.gateway.connection import MailConnection, RawMessage
from webbridge.gateway.door import ConnectionLost, Credentials, LoginRefused, Mailbox, NotConnected
from webbridge.gateway.doubts import Doubts
from webbridge.gateway.folder_uses import NO_USES, FolderUses
from webbridge.gateway.imap import ImapConnection
from webbridge.gateway.kept_smtp import KeptSmtp
from webbridge.gateway.pop3 import Pop3Connection
from webbridge.gateway.row_cache import MAX_BYTES, RowCache
from webbridge.gateway.slots import MAX_WAIT_SECONDS, Room, Slot, Slots
from webbridge.gateway.smtp import Connections
from webbridge.gateway.smtp_wire import SmtpWire
from webbridge.gateway.wire import CallDeadline, on_error
from webbridge.places.shared import SharedPlaces

# Servers close idle connections after 30 minutes or more (RFC 9051 section 5.4). The bridge closes them much earlier.
MAX_IDLE_SECONDS: Final = 120.0
# A router may silently forget an idle connection, so the server has to answer before the next use.
CHECK_AFTER_SECONDS: Final = 15.0
_ALWAYS: Final = -1.0
# If a session makes no call for this time, its rows are dropped, because the session may be over.
CACHE_SECONDS: Final = 900.0
# The ids of ended sessions are kept for this time, so that connections of calls that still run are closed afterwards.
ENDED_SECONDS: Final = 900.0

Result = TypeVar("Result")
First = TypeVar("First")


@dataclass(slots=True)
class _Cache:
    rows: RowCache
    used_at: float


class LentMessage:
    """The chunks of a raw message. `close` returns its connection to the pool, also if chunks were left unread.

    `with_end` adds a function that `close` calls too. This is a class and no generator, because the `finally` of a
    generator that was never started does not run.
    """

    def __init__(self, raw: RawMessage, give_back: Callable[[], None]) -> None:
        self.size_bytes = raw.size_bytes
        self._chunks = raw.chunks
        self._ends = [give_back]

    def with_end(self, give_back: Callable[[], None]) -> None:
        """Let `close` call `give_back` too."""
        self._ends.append(give_back)

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        """Return the connection to the pool, which keeps it only if the message was read to its end."""
        ends, self._ends = self._ends, []
        for give_back in ends:
            give_back()


class ConnectionPool:
    """The connections of all sessions, in use and idle."""

    def __init__(
        self,
        places: SharedPlaces,
        *,
        uses_of: Callable[[str], FolderUses] = lambda account: NO_USES,
        monotonic: Callable[[], float] = time.monotonic,
        wait_seconds: float = MAX_WAIT_SECONDS,
        cache_bytes: int = MAX_BYTES,
    ) -> None:
        self._monotonic = monotonic
        self._cache_bytes = cache_bytes
        self._uses_of = uses_of
        self._lock = threading.Lock()
        self._slots = Slots(places, monotonic=monotonic, wait_seconds=wait_seconds)
        self._kept_smtp = KeptSmtp(monotonic=monotonic)
        self._doubts = Doubts(monotonic)
        self._ended: dict[str, float] = {}
        self._caches: dict[str, _Cache] = {}
        self._is_closed = False
        places.serve(self)

    def log_in(self, credentials: Credentials) -> MailConnection:
        """Return a new connection for a person who has no session yet. Raises GatewayError."""
        if credentials.account.server.pop3 is None:
            return self._connect(credentials, _new_deadline(credentials))
        with self._slot("", credentials) as slot:
            self._open(slot, credentials, _new_deadline(credentials))
            return _connection_of(slot)

    def add(self, session_id: str, connection: MailConnection) -> None:
        """Keep the connection on which the session's password was checked."""
        if self._may_be_kept(session_id, connection):
            self._slots.add(Room(session_id), connection)
        else:
            connection.close()

    def run(self, session_id: str, credentials: Credentials, operation: Callable[[MailConnection], Result]) -> Result:
        """Run an operation on a kept or new connection, and once more on a new one if the connection broke.

        Raises GatewayError, with BUSY if too many calls of this session run already.
        """
        with self._slot(session_id, credentials) as slot:
            return self._run_in(slot, session_id, credentials, operation)

    def run_once(
        self, session_id: str, credentials: Credentials, operation: Callable[[MailConnection], Result]
    ) -> Result:
        """Run an operation that must not be repeated, on a connection that has just answered."""
        with self._slot(session_id, credentials) as slot:
            self._prepare(slot, credentials, _new_deadline(credentials), check_after=_ALWAYS)
            return operation(self._with_cache(session_id, slot))

    def run_both(
        self,
        session_id: str,
        credentials: Credentials,
        first: Callable[[MailConnection], First],
        operation: Callable[[MailConnection, First], Result],
    ) -> Result:
        """Run `first` as `run` does. Then run `operation` with the result, once and on the same connection."""
        with self._slot(session_id, credentials) as slot:
            result = self._run_in(slot, session_id, credentials, first)
            return operation(_connection_of(slot), result)

    def open_raw(
        self, session_id: str, credentials: Credentials, mailbox: Mailbox, uid: int, *, max_bytes: int
    ) -> LentMessage:
        """Open a message on a connection that returns to the pool when the message is closed."""
        slot = self._slots.take(Room.of(session_id, credentials))
        with on_error(lambda: self._put_back(session_id, slot)):
            deadline = _new_deadline(credentials)
            is_kept = self._prepare(slot, credentials, deadline, check_after=CHECK_AFTER_SECONDS)
            try:
                raw = _connection_of(slot).open_raw(mailbox, uid, max_bytes)
            except (ConnectionLost, NotConnected):
                if not is_kept:
                    raise
                self._open(slot, credentials, deadline)
                raw = _connection_of(slot).open_raw(mailbox, uid, max_bytes)
        return LentMessage(raw, lambda: self._put_back(session_id, slot))

    def close_session(self, session_id: str) -> None:
        """Log out the idle connections of a session. Those in use are closed when they are returned."""
        with self._lock:
            self._ended[session_id] = self._monotonic()
            self._caches.pop(session_id, None)
        self._slots.end_idle_of(session_id)
        self._kept_smtp.end(session_id)

    def smtp_of(self, session_id: str, credentials: Credentials) -> Connections:
        """Return the session's connections to its submission server."""

        def keep(smtp: SmtpWire) -> None:
            self._kept_smtp.keep(session_id, credentials, smtp)
            # The session may have ended meanwhile.
            if self._is_over(session_id):
                self._kept_smtp.end(session_id)

        return Connections(take=lambda: self._kept_smtp.take(session_id, credentials), keep=keep)

    def session_ids(self) -> set[str]:
        """Return the ids of the sessions that have idle connections or kept rows."""
        with self._lock:
            return {*self._slots.names_of_idle(), *self._kept_smtp.session_ids(), *self._caches}

    def give_one_back(self, name: str) -> None:
        """Give up a place of a session, for another process that asks for it."""
        self._slots.give_one_back(name)

    def look_after(self) -> None:
        """Close the connections that were idle for long, and drop the rows of sessions that made no call."""
        now = self._monotonic()
        with self._lock:
            self._caches = {
                session_id: cache for session_id, cache in self._caches.items() if cache.used_at > now - CACHE_SECONDS
            }
            self._ended = {session: at for session, at in self._ended.items() if at > now - ENDED_SECONDS}
        self._slots.end_idle(before=now - MAX_IDLE_SECONDS)
        self._kept_smtp.end_idle()
        self._doubts.look_after()

    def close(self) -> None:
        """Log out all connections, and break off those in use."""
        self._is_closed = True
        self._slots.close()
        self._kept_smtp.close()

    @contextmanager
    def _slot(self, session_id: str, credentials: Credentials) -> Iterator[Slot]:
        slot = self._slots.take(Room.of(session_id, credentials))
        try:
            yield slot
        finally:
            self._put_back(session_id, slot)

    def _run_in(
        self, slot: Slot, session_id: str, credentials: Credentials, operation: Callable[[MailConnection], Result]
    ) -> Result:
        deadline = _new_deadline(credentials)
        is_kept = self._prepare(slot, credentials, deadline, check_after=CHECK_AFTER_SECONDS)
        try:
            return operation(self._with_cache(session_id, slot))
        except (ConnectionLost, NotConnected) as error:
            if isinstance(error, NotConnected) and not is_kept:
                raise
            # The server may have closed the kept connection, or a message may have broken a list. The second call asks
            # for the list in smaller steps.
            self._open(slot, credentials, deadline)
            return operation(self._with_cache(session_id, slot))

    def _prepare(self, slot: Slot, credentials: Credentials, deadline: CallDeadline, *, check_after: float) -> bool:
        """Make sure that the slot has a connection that works. Return whether the connection is a kept one."""
        connection = slot.connection
        if connection is not None:
            idle_seconds = self._monotonic() - slot.idle_since
            connection.begin_call(deadline)
            if idle_seconds < MAX_IDLE_SECONDS and (idle_seconds <= check_after or connection.is_alive()):
                return True
        self._open(slot, credentials, deadline)
        return False

    def _open(self, slot: Slot, credentials: Credentials, deadline: CallDeadline) -> None:
        """Replace the connection of a slot by a new one. Raises GatewayError."""
        old, slot.connection = slot.connection, None
        if old is not None:
            old.close()
        name = slot.room.name
        try:
            slot.connection = self._connect(credentials, deadline)
        except LoginRefused as refusal:
            # A person who signs in has no session yet. So the refusal ends no session, and needs no second opinion.
            raise (self._doubts.judge(name, refusal) if name else refusal) from None
        self._doubts.settle(name)
        if self._is_closed:
            raise ConnectionLost

    def _put_back(self, session_id: str, slot: Slot) -> None:
        keep = slot.connection is not None and self._may_be_kept(session_id, slot.connection)
        self._slots.put_back(slot, keep=keep)

    def _connect(self, credentials: Credentials, deadline: CallDeadline) -> MailConnection:
        if credentials.account.server.pop3 is None:
            account = credentials.account.address
            return ImapConnection.open(credentials, deadline, uses=lambda: self._uses_of(account))
        return Pop3Connection.open(credentials, deadline)

    def _may_be_kept(self, session_id: str, connection: MailConnection) -> bool:
        return not self._is_over(session_id) and connection.may_be_kept and not connection.broken

    def _is_over(self, session_id: str) -> bool:
        return self._is_closed or session_id in self._ended

    def _with_cache(self, session_id: str, slot: Slot) -> MailConnection:
        """Return the connection with the row cache of its session. The cache of an ended session keeps nothing."""
        connection, now = _connection_of(slot), self._monotonic()
        with self._lock:
            if self._is_over(session_id):
                connection.cache = RowCache(0)
            else:
                cache = self._caches.setdefault(session_id, _Cache(RowCache(self._cache_bytes), now))
                cache.used_at = now
                connection.cache = cache.rows
        return connection


def _connection_of(slot: Slot) -> MailConnection:
    if slot.connection is None:
        raise ConnectionLost
    return slot.connection


def _new_deadline(credentials: Credentials) -> CallDeadline:
    return CallDeadline(credentials.account.server.timeout_seconds)
