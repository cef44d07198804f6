"""Places that the processes of a bridge share, by leases in its database.

A process has one row, and each place that it holds has another. Only the row of the process is renewed, so a place
costs a statement when it is taken and one when it is given back. The places of a process that is killed are free when
its row has run out. A process that was stopped for so long finds that out, and holds none of its places any more.
"""

from __future__ import annotations

import os
import random
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from sealwax.service import CLOCK_SLACK_SECONDS, Announcement, Announcements, Database, DatabaseUnavailable
from sealwax.service.announcements import Heard
from sealwax.service.database import insert_into
from webbridge.database.tables import PLACE, PROCESS
from webbridge.places.keeper import Keeper, PlaceUser
from webbridge.places.kinds import MOST_AT_ONCE, PlaceKind

LEASE_SECONDS: Final = 60.0
RENEW_SECONDS: Final = 15.0
WANTED: Final = "place-wanted"
"""The announcement that a process is to give back a place: the subject is its name, the detail the process."""
_ID_BYTES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place that this process holds."""

    kind: PlaceKind
    name: str
    number: int
    process: str
    lease: str


class SharedPlaces:
    """The places of one process. It begins with the first one, after the fork that made a worker."""

    def __init__(self, database: Database, announcements: Announcements, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._announcements = announcements
        self._clock = clock
        self._lock = threading.Lock()
        self._pid = 0
        self._process = ""
        self._renewed_at = 0.0
        self._keeper: Keeper | None = None
        self._user: PlaceUser | None = None
        self._owed: list[Place] = []
        self._hearers: list[Heard] = []
        self._chores: list[Callable[[], None]] = []
        self._chores_done_at = 0.0
        self._has_swept = False

    def serve(self, user: PlaceUser) -> None:
        """Let the user of the places keep them, and give them back when another process wants one."""
        self._user = user

    def also_hear(self, heard: Heard) -> None:
        """Let somebody else hear what other processes say, from when this process has had a place."""
        self._hearers.append(heard)

    def also_look_after(self, chore: Callable[[], None]) -> None:
        """Do something else too, each time that the lease is renewed. It may raise DatabaseUnavailable."""
        self._chores.append(chore)

    def take(self, kind: PlaceKind, name: str) -> Place | None:
        """Return a free place, or None if all are taken. Raises DatabaseUnavailable."""
        self._begin()
        process, at = self._renew_if_due(), self._clock().timestamp()
        with self._database.transaction(durable=False) as rows:
            taken = set(rows.execute(select(PLACE.c.number).where(*_is(kind, name), ~_is_nobodys(at))).scalars())
            for number in range(MOST_AT_ONCE[kind]):
                place = Place(kind=kind, name=name, number=number, process=process, lease=_new_id())
                if number not in taken and _insert(rows, place, at):
                    return place
        return None

    def give_back(self, place: Place) -> None:
        """Give a place back, now or when the database answers again."""
        try:
            with self._database.transaction(durable=False) as rows:
                rows.execute(delete(PLACE).where(*_is(place.kind, place.name), PLACE.c.lease == place.lease))
        except DatabaseUnavailable:
            with self._lock:
                self._owed.append(place)

    def holds(self, place: Place) -> bool:
        """Return whether a place is still this process's, as far as it has noticed."""
        return place.process == self._process

    def ask_for(self, kind: PlaceKind, name: str) -> None:
        """Ask a process that holds one of these places to give one back. Each is asked by its share."""
        with self._database.reading() as rows:
            holders = list(rows.execute(select(PLACE.c.process).where(*_is(kind, name))).scalars())
        others = [process for process in holders if process != self._process]
        if others:
            self._announcements.tell(Announcement(kind=WANTED, subject=name, detail=random.choice(others)))  # noqa: S311

    def hear(self, announcement: Announcement | None) -> None:
        """Give back a place that another process wants, and pass everything on."""
        is_for_us = announcement is not None and (announcement.kind, announcement.detail) == (WANTED, self._process)
        if announcement is not None and is_for_us and self._user is not None:
            self._user.give_one_back(announcement.subject)
        for heard in self._hearers:
            heard(announcement)

    def look_after(self) -> None:
        """Keep the lease of this process, and pay what it owes. Raises DatabaseUnavailable."""
        self._renew_if_due()
        with self._lock:
            owed, self._owed = self._owed, []
        for place in owed:
            self.give_back(place)
        if self._has_swept:
            # A process that was killed may have left deleted rows in the log.
            self._database.erase_deleted()
            self._has_swept = False
        if self._user is not None:
            self._user.look_after()
        if self._chores_done_at != self._renewed_at:
            self._chores_done_at = self._renewed_at
            for chore in self._chores:
                chore()

    def close(self) -> None:
        """Give back all places."""
        if self._pid != os.getpid():
            return
        if self._keeper is not None:
            self._keeper.close()
        try:
            with self._database.transaction(durable=False) as rows:
                rows.execute(delete(PLACE).where(PLACE.c.process == self._process))
                rows.execute(delete(PROCESS).where(PROCESS.c.id == self._process))
        except DatabaseUnavailable:
            return  # The lease runs out.

    def _begin(self) -> None:
        """Begin in this process, of which the one that it was forked from knows nothing."""
        with self._lock:
            if self._pid == os.getpid():
                return
            self._pid, self._process, self._owed = os.getpid(), "", []
            self._keeper = Keeper(self, self._announcements)

    def _renew_if_due(self) -> str:
        """Return the id of this process after its lease was renewed, if that was due. A lost one gives a new id."""
        with self._lock:
            at = self._clock().timestamp()
            if not self._process or not 0 <= at - self._renewed_at < RENEW_SECONDS:
                with self._database.transaction(durable=False) as rows:
                    process = _renew(rows, self._process, at)
                    self._has_swept = _sweep(rows, at, process) or self._has_swept
                self._process, self._renewed_at = process, at
            return self._process


def _is(kind: PlaceKind, name: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return PLACE.c.kind == kind, PLACE.c.name == name


def _is_nobodys(at: float) -> ColumnElement[bool]:
    return PLACE.c.process.not_in(select(PROCESS.c.id).where(~_is_dead(at)))


def _is_dead(at: float) -> ColumnElement[bool]:
    """The lease has run out. A time that is too far ahead was written by a wrong clock."""
    return (PROCESS.c.until <= at) | (PROCESS.c.until > at + LEASE_SECONDS + CLOCK_SLACK_SECONDS)


def _insert(rows: Connection, place: Place, at: float) -> bool:
    """Return whether the place was free until now. On PostgreSQL another process may have been faster."""
    values = {"process": place.process, "lease": place.lease}
    added = insert_into(rows, PLACE).values(kind=place.kind, name=place.name, number=place.number, **values)
    taken = added.on_conflict_do_update(index_elements=["kind", "name", "number"], set_=values, where=_is_nobodys(at))
    return rows.execute(taken.returning(PLACE.c.number)).first() is not None


def _renew(rows: Connection, process: str, at: float) -> str:
    """Renew the lease of a process, and return its id: a new one if it has none, or lost it."""
    until = at + LEASE_SECONDS
    own = update(PROCESS).where(PROCESS.c.id == process, ~_is_dead(at)).values(until=until)
    if process and rows.execute(own).rowcount == 1:
        return process
    new = _new_id()
    rows.execute(insert(PROCESS).values(id=new, until=until))
    return new


def _sweep(rows: Connection, at: float, own: str) -> bool:
    """Delete the processes whose lease has run out, with their places. Return whether there was one."""
    # A row that another process changes now is left to it.
    dead = select(PROCESS.c.id).where(_is_dead(at), PROCESS.c.id != own).with_for_update(skip_locked=True)
    processes = list(rows.execute(dead).scalars())
    for process in processes:
        rows.execute(delete(PLACE).where(PLACE.c.process == process))
        rows.execute(delete(PROCESS).where(PROCESS.c.id == process))
    return bool(processes)


def _new_id() -> str:
    return secrets.token_hex(_ID_BYTES)
