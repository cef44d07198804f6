"""Places that the processes of a bridge share through rows in the database.

Each process has one row, and so has each place that a process holds. Only the row of the process is renewed, so a place
costs one statement when it is taken and one when it is given back. The places of a dead process are free (`processes`).
"""

from __future__ import annotations

import os
import random
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Executable, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from sealwax.service import CLOCK_SLACK_SECONDS, Announcement, Announcements, Database, DatabaseUnavailable
from sealwax.service.announcements import AnnouncementHandler
from webbridge.database.tables import PLACE
from webbridge.places.keeper import Keeper, PlaceUser
from webbridge.places.kinds import MOST_AT_ONCE, PlaceKind
from webbridge.places.processes import LEASE_SECONDS, LIVING, OwnProcess

WANTED: Final = "place-wanted"
"""The announcement that a process is to give back a place. The subject names the place, the detail the process."""
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
    """The places of one process. Its row and thread begin with the first use, after the fork that made a worker."""

    def __init__(self, database: Database, announcements: Announcements, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._announcements = announcements
        self._clock = clock
        self._lock = threading.Lock()
        self._pid = 0
        self._own: OwnProcess | None = None
        self._keeper: Keeper | None = None
        self._user: PlaceUser | None = None
        self._owed: list[Place] = []
        self._hearers: list[AnnouncementHandler] = []
        self._chores: list[Callable[[], None]] = []
        self._chores_done_at = 0.0

    def serve(self, user: PlaceUser) -> None:
        """Set the user of the places, who looks after them and gives one back when another process wants it."""
        self._user = user

    def also_hear(self, heard: AnnouncementHandler) -> None:
        """Pass the announcements of other processes to `heard` too, from the first use of the places on."""
        self._hearers.append(heard)

    def also_look_after(self, chore: Callable[[], None]) -> None:
        """Run `chore` each time that the lease is renewed. The chore may raise DatabaseUnavailable."""
        self._chores.append(chore)

    def process(self) -> str:
        """Return the id of this process. Its row exists while the process lives. Raises DatabaseUnavailable."""
        return self._begin().renew_if_due()

    def take(self, kind: PlaceKind, name: str) -> Place | None:
        """Return a free place, or None if all are taken. Raises DatabaseUnavailable."""
        process, at = self.process(), self._clock().timestamp()
        places: list[Place] = []
        parameters = {"kind": kind, "name": name, "at": at, "latest": at + LEASE_SECONDS + CLOCK_SLACK_SECONDS}

        def take_number(number: int) -> Place | None:
            place = Place(kind=kind, name=name, number=number, process=process, lease=secrets.token_hex(_ID_BYTES))
            values = parameters | {"number": number, "process": process, "lease": place.lease}
            if rows.execute(_take_statement(rows.dialect.name), values).first() is None:
                return None
            places.append(place)
            return place

        try:
            with self._database.transaction(durable=False) as rows:
                # Most sessions have one place, so the first place is tried before the others are read.
                if (place := take_number(0)) is not None:
                    return place
                taken = set(rows.execute(_TAKEN, parameters).scalars())
                tries = (take_number(number) for number in range(1, MOST_AT_ONCE[kind]) if number not in taken)
                return next((place for place in tries if place is not None), None)
        except DatabaseUnavailable:
            # If only the answer to the COMMIT was lost, the place is taken, and must be given back.
            self._owe(places)
            raise

    def give_back(self, place: Place) -> None:
        """Give a place back, now or when the database answers again."""
        try:
            with self._database.transaction(durable=False) as rows:
                rows.execute(_GIVE_BACK, {"kind": place.kind, "name": place.name, "lease": place.lease})
        except DatabaseUnavailable:
            self._owe([place])

    def holds(self, place: Place) -> bool:
        """Return whether this process still holds a place, as far as it knows."""
        return self._own is not None and place.process == self._own.id and not self._own.is_in_doubt

    def ask_for(self, kind: PlaceKind, name: str) -> None:
        """Ask a process to give back one of its places. A process with more of these places is asked more often."""
        with self._database.reading() as rows:
            holders = list(rows.execute(_HOLDERS, {"kind": kind, "name": name}).scalars())
        others = [process for process in holders if process != self._id]
        if others:
            self._announcements.announce(Announcement(kind=WANTED, subject=name, detail=random.choice(others)))  # noqa: S311

    def hear(self, announcement: Announcement | None) -> None:
        """Give back a place that another process wants. Pass all announcements on."""
        is_for_us = announcement is not None and (announcement.kind, announcement.detail) == (WANTED, self._id)
        if announcement is not None and is_for_us and self._user is not None:
            self._user.give_one_back(announcement.subject)
        for heard in self._hearers:
            heard(announcement)

    def look_after(self) -> None:
        """Keep the lease of this process, and give back the places that it owes. Raises DatabaseUnavailable."""
        own = self._begin()
        try:
            own.renew_if_due()
        finally:
            # This runs even if the database is unavailable, so that a process in doubt keeps no idle connections.
            if self._user is not None:
                self._user.look_after()
        with self._lock:
            owed, self._owed = self._owed, []
        for place in owed:
            self.give_back(place)
        if own.has_swept:
            # A process that was killed may have left deleted rows in the database's log.
            self._database.erase_deleted()
            own.has_swept = False
        if self._chores_done_at != own.renewed_at:
            self._chores_done_at = own.renewed_at
            for chore in self._chores:
                chore()

    def watch(self) -> None:
        """Keep the lock of this process, and free the places of killed processes. Raises DatabaseUnavailable."""
        self._begin().watch()

    def close(self) -> None:
        """Give back all places."""
        if self._own is None or self._pid != os.getpid():
            return
        if self._keeper is not None:
            self._keeper.close()
        with suppress(DatabaseUnavailable):  # The other processes then find the lock free.
            self._own.leave()

    @property
    def _id(self) -> str:
        return "" if self._own is None else self._own.id

    def _owe(self, places: list[Place]) -> None:
        with self._lock:
            self._owed.extend(places)

    def _begin(self) -> OwnProcess:
        """Return the row of this process. After a fork, the child begins with a new row and a new thread."""
        with self._lock:
            if self._own is None or self._pid != os.getpid():
                self._pid, self._owed = os.getpid(), []
                self._own = OwnProcess(self._database, clock=self._clock)
                self._keeper = Keeper(self, self._announcements)
            return self._own


# Made once, because making a statement takes longer than running it.
_IS_IN: Final = (PLACE.c.kind == bindparam("kind"), PLACE.c.name == bindparam("name"))
_HOLDERS: Final = select(PLACE.c.process).where(*_IS_IN)
_TAKEN: Final = select(PLACE.c.number).where(*_IS_IN, PLACE.c.process.in_(LIVING))
_GIVE_BACK: Final = delete(PLACE).where(*_IS_IN, PLACE.c.lease == bindparam("lease"))


@cache
def _take_statement(dialect: str) -> Executable:
    """Return the statement that takes a place if it is free, or belongs to a dead process.

    On PostgreSQL, another process may take the place first.
    """
    values: dict[str, Any] = {name: bindparam(name) for name in ("kind", "name", "number", "process", "lease")}
    added = (postgresql.insert(PLACE) if dialect == "postgresql" else sqlite.insert(PLACE)).values(values)
    return added.on_conflict_do_update(
        index_elements=["kind", "name", "number"],
        set_={"process": added.excluded.process, "lease": added.excluded.lease},
        where=PLACE.c.process.not_in(LIVING),
    ).returning(PLACE.c.number)
