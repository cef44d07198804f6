"""The connections of each session in this process, lent to calls or kept idle. Each needs a place.

All processes share the number of places. A call takes an idle connection first, then a free place for a new one. If
there is neither, the call waits until a call of this process ends, or until another process gives a place back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from sealwax.service import DatabaseUnavailable
from sealwax.service.metrics import add_connections
from webbridge.gateway.connection import MailConnection
from webbridge.gateway.door import ConnectionLost, Credentials, GatewayCode, GatewayError
from webbridge.gateway.wire import on_error
from webbridge.places.kinds import MOST_AT_ONCE, PlaceKind
from webbridge.places.shared import Place, SharedPlaces

MAX_IDLE_PER_SESSION: Final = 2
# The number is small, because each waiting call occupies a thread.
MAX_WAITING_PER_SESSION: Final = 4
MAX_WAIT_SECONDS: Final = 10.0
# When many connections are closed, they may wait together for this time for the answers to LOGOUT.
LOGOUT_SECONDS: Final = 1.0
# A call that waits for a place asks the database again after this time.
_RETRY_SECONDS: Final = 0.05
_ASK_AGAIN_SECONDS: Final = 0.25
# After a place was given back for another process, this process takes none for this time.
_YIELD_SECONDS: Final = 0.2
# Another process's wish for a place counts for this time after the last repetition.
_WISH_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Room:
    """Connections that are counted together: those of a session, or the only one that a POP3 mailbox admits."""

    name: str
    kind: PlaceKind = PlaceKind.IMAP

    @classmethod
    def of(cls, session_id: str, credentials: Credentials) -> Room:
        """Return the room of a session's calls."""
        account = credentials.account
        if account.server.pop3 is None:
            return cls(session_id)
        return cls(sha256(f"pop3 {account.address}".encode()).hexdigest(), PlaceKind.POP3)

    @property
    def places(self) -> int:
        """The number of connections that the room may have in all processes together."""
        return MOST_AT_ONCE[self.kind]


@dataclass(slots=True, eq=False)
class Slot:
    """A place that this process has taken, and its connection, which is None until it is opened."""

    room: Room
    place: Place
    connection: MailConnection | None = None
    idle_since: float = 0.0


@dataclass(slots=True)
class _State:
    """The slots of one room. `held` counts all slots: in use, idle, and being taken or ended."""

    idle: list[Slot] = field(default_factory=list)
    held: int = 0
    calls: int = 0
    waiting: int = 0
    next_try: float = 0.0
    wished_until: float = 0.0


class Slots:
    """The slots of all rooms. `monotonic` gives the time for the age of idle connections."""

    def __init__(self, places: SharedPlaces, *, monotonic: Callable[[], float], wait_seconds: float) -> None:
        self._places = places
        self._monotonic = monotonic
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._is_free = threading.Condition(self._lock)
        self._rooms: dict[str, _State] = {}
        self._lent: set[Slot] = set()
        self._is_closed = False

    def take(self, room: Room) -> Slot:
        """Return an idle slot, or a new slot without a connection. The caller must `put_back` the slot.

        Raises GatewayError with BUSY after `wait_seconds`, or at once if too many calls wait already.
        """
        self._enter(room)
        with on_error(lambda: self._leave(room)):
            return self._take_now(room) or self._wait(room)

    def put_back(self, slot: Slot, *, keep: bool) -> None:
        """End a slot. With `keep`, and if there is room, keep the slot idle with its connection instead."""
        add_connections(-1)
        with self._is_free:
            self._lent.discard(slot)
            state = self._rooms[slot.room.name]
            keep = keep and slot.connection is not None and self._may_stay(slot, state)
            if keep:
                slot.idle_since = self._monotonic()
                state.idle.append(slot)
                self._is_free.notify_all()
        try:
            if not keep:
                self._end(slot)
        finally:
            self._leave(slot.room)

    def add(self, room: Room, connection: MailConnection) -> None:
        """Keep a connection that was opened without a place, if there is a free place. Otherwise close it."""
        self._enter(room)
        try:
            slot = self._new_slot(room)
        except (ConnectionLost, DatabaseUnavailable):
            slot = None
        if slot is None:
            self._leave(room)
            connection.close()
            return
        slot.connection = connection
        self.put_back(slot, keep=True)

    def give_one_back(self, name: str) -> None:
        """Give up the place of an idle connection for another process, or else the next place that is put back."""
        now = time.monotonic()
        with self._lock:
            state = self._rooms.get(name)
            if state is None:
                return
            slot = state.idle.pop(0) if state.idle else None
            if slot is None:
                state.wished_until = now + _WISH_SECONDS
            else:
                state.next_try = now + _YIELD_SECONDS
        if slot is not None:
            self._end(slot)

    def end_idle(self, *, before: float) -> None:
        """Close the idle connections that were last used before a time, and idle connections whose place was lost."""
        with self._lock:
            over = [
                slot
                for state in self._rooms.values()
                for slot in state.idle
                if slot.idle_since < before or not self._places.holds(slot.place)
            ]
            for slot in over:
                self._rooms[slot.room.name].idle.remove(slot)
        self._end_all(over)

    def names_of_idle(self) -> set[str]:
        """Return the names of the rooms that have idle connections."""
        with self._lock:
            return {name for name, state in self._rooms.items() if state.idle}

    def end_idle_of(self, name: str) -> None:
        """Close the idle connections of one room."""
        with self._lock:
            state = self._rooms.get(name, _State())
            over, state.idle = state.idle, []
        self._end_all(over)

    def close(self) -> None:
        """Close the idle connections, and break off those in use."""
        with self._is_free:
            self._is_closed = True
            idle, lent = [slot for state in self._rooms.values() for slot in state.idle], list(self._lent)
            for state in self._rooms.values():
                state.idle.clear()
            self._is_free.notify_all()
        for slot in lent:
            if slot.connection is not None:
                slot.connection.break_off()
        self._end_all(idle)

    def _enter(self, room: Room) -> None:
        """Count a call until `_leave`. Raises GatewayError with BUSY if too many wait."""
        with self._lock:
            state = self._rooms.setdefault(room.name, _State())
            if state.calls >= room.places + MAX_WAITING_PER_SESSION:
                raise _too_many_calls()
            state.calls += 1

    def _leave(self, room: Room) -> None:
        with self._lock:
            state = self._rooms[room.name]
            state.calls -= 1
            self._forget_if_empty(room, state)

    def _take_now(self, room: Room) -> Slot | None:
        with self._lock:
            state = self._rooms[room.name]
            if state.idle and not self._is_closed:
                slot = state.idle.pop()
                self._lent.add(slot)
                add_connections(1)
                return slot
        return self._new_slot(room)

    def _new_slot(self, room: Room) -> Slot | None:
        """Return a slot with a new place, or None without a free place.

        Raises DatabaseUnavailable, or ConnectionLost after `close`.
        """
        with self._lock:
            if self._is_closed:
                raise ConnectionLost
            state = self._rooms[room.name]
            if state.held >= room.places or time.monotonic() < state.next_try:
                return None
            state.held += 1
        place = None
        try:
            place = self._places.take(room.kind, room.name)
        finally:
            if place is None:
                self._free(room)
        if place is None:
            with self._lock:
                state.next_try = time.monotonic() + _RETRY_SECONDS
            return None
        slot = Slot(room, place)
        with self._lock:
            self._lent.add(slot)
        add_connections(1)
        return slot

    def _wait(self, room: Room) -> Slot:
        ends = time.monotonic() + self._wait_seconds
        with self._counted_waiting(room) as state:
            # If this process has connections, it waits for one of them first, because a place of another process needs
            # a new login.
            ask_at = time.monotonic() + (_ASK_AGAIN_SECONDS if state.held else 0.0)
            while (now := time.monotonic()) < ends:
                if now >= ask_at and state.held < room.places:
                    ask_at = now + _ASK_AGAIN_SECONDS
                    self._places.ask_for(room.kind, room.name)
                with self._is_free:
                    if not state.idle and not self._is_closed:
                        self._is_free.wait(min(ends - now, _RETRY_SECONDS))
                slot = self._take_now(room)
                if slot is not None:
                    return slot
        raise _too_many_calls()

    @contextmanager
    def _counted_waiting(self, room: Room) -> Iterator[_State]:
        with self._lock:
            state = self._rooms[room.name]
            state.waiting += 1
        try:
            yield state
        finally:
            with self._lock:
                state.waiting -= 1

    def _may_stay(self, slot: Slot, state: _State) -> bool:
        if time.monotonic() < state.wished_until:
            state.wished_until = 0.0
            state.next_try = time.monotonic() + _YIELD_SECONDS
            return False
        has_room = len(state.idle) < max(MAX_IDLE_PER_SESSION, state.waiting)
        return has_room and not self._is_closed and self._places.holds(slot.place)

    def _end_all(self, slots: list[Slot]) -> None:
        """End slots. When LOGOUT_SECONDS are used up, the remaining connections are closed without a LOGOUT."""
        ends = time.monotonic() + LOGOUT_SECONDS
        for slot in slots:
            if time.monotonic() >= ends and slot.connection is not None:
                slot.connection.break_off()
            self._end(slot)

    def _end(self, slot: Slot) -> None:
        """Close the connection before its place is given back, so that the server never has a connection too many."""
        try:
            if slot.connection is not None:
                slot.connection.close()
        finally:
            # After `close`, the places are given back all at once instead.
            if not self._is_closed:
                self._places.give_back(slot.place)
            self._free(slot.room)

    def _free(self, room: Room) -> None:
        with self._is_free:
            state = self._rooms[room.name]
            state.held -= 1
            self._forget_if_empty(room, state)
            self._is_free.notify_all()

    def _forget_if_empty(self, room: Room, state: _State) -> None:
        if not state.held and not state.calls:
            self._rooms.pop(room.name, None)


def _too_many_calls() -> GatewayError:
    return GatewayError(
        GatewayCode.BUSY, "You have sent too many requests to the mail server at once. Try again in a moment."
    )
