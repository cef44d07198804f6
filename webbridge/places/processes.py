"""The rows of the processes that hold places, and the ways in which a process shows that it lives.

A process renews a lease in its row, and holds a lock. The process counts as dead when its lease has run out, or when
nobody has held its lock for GRACE_SECONDS. The lock is lost with the process, also after kill -9.

A living process loses its lock if the connection that holds the lock breaks. It takes the lock anew at its next look,
before the other processes count it as dead. If the server could not be reached, all processes give each other
PATIENCE_SECONDS to come back. A process that cannot show that it lives is in doubt about its places, so its idle
connections are closed. A process that was counted as dead notices that its row is gone, and no longer holds its places.

The leases are for processes that cannot hold a lock, and whose rows name no lock. Leases also end the places of a dead
process whose database session is kept open by a pooler.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from datetime import datetime
from math import inf
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, or_, select, update

from sealwax.service import CLOCK_SLACK_SECONDS, Database, DatabaseUnavailable
from webbridge.database.tables import PLACE, PROCESS
from webbridge.places.locks import NUMBER_BITS, locks_of

LEASE_SECONDS: Final = 60.0
RENEW_SECONDS: Final = 15.0
WATCH_SECONDS: Final = 0.25
# A process whose connection has broken takes its lock anew within WATCH_SECONDS and the time of a login.
GRACE_SECONDS: Final = 0.75
NOTICED_SECONDS: Final = 2
"""After this time the other processes have noticed the end of a process. In whole seconds, for Retry-After."""
# A process in doubt looks at its lock less often, because each failure is logged.
DOUBT_SECONDS: Final = 2.0
# Twice the longest time for opening a connection.
PATIENCE_SECONDS: Final = 10.0
_ID_BYTES: Final = 12
_log = logging.getLogger(__name__)


class OwnProcess:
    """The row and the lock of this process. If other processes count it as dead, it gets a new `id`."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._turn = threading.Lock()
        self._lock_number = secrets.randbits(NUMBER_BITS)
        self._locks = locks_of(database, self._lock_number)
        self._has_lock = False
        self._failing_since = inf
        self._look_again_at = 0.0
        self._patient_until = 0.0
        self._free_since: dict[str, float] = {}
        self.id = ""
        self.renewed_at = 0.0
        self.has_swept = False
        # The lock is taken before the row is written, so that the row names the lock from the start.
        self._find_free({})

    def renew_if_due(self) -> str:
        """Renew the lease if that is due, and return the id. Raises DatabaseUnavailable."""
        with self._turn:
            at = self._clock().timestamp()
            if not self.id or not 0 <= at - self.renewed_at < RENEW_SECONDS:
                self._renew(at)
            return self.id

    @property
    def is_in_doubt(self) -> bool:
        """Whether other processes may count this process as dead, because it could not show that it lives."""
        return time.monotonic() - self._failing_since >= GRACE_SECONDS

    def watch(self) -> None:
        """Keep the lock, and delete the processes that no longer hold their locks. Raises DatabaseUnavailable."""
        if self._locks is None or time.monotonic() < self._look_again_at:
            return
        try:
            self._look()
        except DatabaseUnavailable:
            self._failing_since = min(self._failing_since, time.monotonic())
            if self.is_in_doubt:
                self._look_again_at = time.monotonic() + DOUBT_SECONDS
            raise
        self._failing_since = inf

    def leave(self) -> None:
        """Release the lock, and give back all places. Raises DatabaseUnavailable."""
        if self._locks is not None:
            self._locks.close()
        with self._database.transaction(durable=False) as rows:
            _delete(rows, self.id)

    def _look(self) -> None:
        with self._database.reading() as rows:
            locks = {process: int(number) for process, number in rows.execute(_LOCKS)}
        free = self._find_free(locks)
        if (self.id in locks) != self._has_lock:
            # The lock was lost or taken anew, or another process has deleted the row.
            with self._turn:
                self._renew(self._clock().timestamp())
        now = time.monotonic()
        self._free_since = {process: self._free_since.get(process, now) for process in free}
        dead = [process for process, since in self._free_since.items() if now - since >= GRACE_SECONDS]
        if dead and now >= self._patient_until:
            with self._database.transaction(durable=False) as rows:
                self.has_swept = _sweep(rows, PROCESS.c.id.in_(dead)) or self.has_swept

    def _find_free(self, locks: dict[str, int]) -> set[str]:
        """Hold this process's lock, and return the other processes whose locks nobody holds.

        The result is empty while this process's lock is lost.
        """
        if self._locks is None:
            return set()
        try:
            free = self._locks.find_free(locks.values())
        except DatabaseUnavailable:
            if self._has_lock:
                _log.warning("the lock of this process is lost")
            self._has_lock = False
            return set()
        if self._lock_number in free and self.id:
            self._patient_until = time.monotonic() + PATIENCE_SECONDS
        self._has_lock = True
        return {process for process, number in locks.items() if number in free - {self._lock_number}}

    def _renew(self, at: float) -> None:
        lock = self._lock_number if self._has_lock else None
        with self._database.transaction(durable=False) as rows:
            process = _renew(rows, self.id, at, lock)
            is_over = _has_run_out(at, at + LEASE_SECONDS + CLOCK_SLACK_SECONDS)
            self.has_swept = _sweep(rows, is_over & (PROCESS.c.id != process)) or self.has_swept
        self.id, self.renewed_at = process, at


def _has_run_out(at: Any, latest: Any) -> ColumnElement[bool]:
    """Whether a lease has run out. A lease until after `latest` counts too, because a wrong clock has written it."""
    return or_(PROCESS.c.until <= at, PROCESS.c.until > latest)


# Made once, because making a statement takes longer than running it.
LIVING: Final = select(PROCESS.c.id).where(~_has_run_out(bindparam("at"), bindparam("latest")))
"""The processes whose lease has not run out. `watch` deletes processes without their lock."""
_KNOWN: Final = select(PROCESS.c.id).where(PROCESS.c.id == bindparam("process"))
_LOCKS: Final = select(PROCESS.c.id, PROCESS.c.lock).where(PROCESS.c.lock.is_not(None))


def is_gone(rows: Connection, process: str) -> bool:
    """Return whether the row of a process was deleted, because the process has ended or was killed."""
    return rows.execute(_KNOWN, {"process": process}).first() is None


def _renew(rows: Connection, process: str, at: float, lock: int | None) -> str:
    """Renew the lease of a process, and return its id. The id is new if the process has none, or was deleted."""
    until = at + LEASE_SECONDS
    own = update(PROCESS).where(PROCESS.c.id == process, ~_has_run_out(at, until + CLOCK_SLACK_SECONDS))
    if process and rows.execute(own.values(until=until, lock=lock)).rowcount == 1:
        return process
    new = secrets.token_hex(_ID_BYTES)
    rows.execute(insert(PROCESS).values(id=new, until=until, lock=lock))
    return new


def _sweep(rows: Connection, which: ColumnElement[bool]) -> bool:
    """Delete processes with their places. Return whether there were any."""
    # Rows that another process is changing now are skipped.
    dead = list(rows.execute(select(PROCESS.c.id).where(which).with_for_update(skip_locked=True)).scalars())
    for process in dead:
        _delete(rows, process)
    return bool(dead)


def _delete(rows: Connection, process: str) -> None:
    rows.execute(delete(PLACE).where(PLACE.c.process == process))
    rows.execute(delete(PROCESS).where(PROCESS.c.id == process))
