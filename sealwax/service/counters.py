"""Counters that make clients wait: events in a window of time, kept in the database, and concurrent calls."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from math import ceil

from sealwax.service.database import CLOCK_SLACK_SECONDS, Database
from sealwax.service.errors import TryLater


class WindowCounter:
    """Counts events by name in the last `seconds`.

    `table` has two columns: `column` for the name, and `at` for the time. An event is counted when it starts, so that
    parallel events are counted too. `refusal` is the text of TryLater.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        *,
        table: str,
        column: str,
        seconds: int,
        refusal: str,
    ) -> None:
        self._database = database
        self._seconds = seconds
        self._refusal = refusal
        self._clock = clock
        # Table and column are constants of the program.
        self._forget_old = f"DELETE FROM {table} WHERE at <= ? OR at > ?"  # noqa: S608
        self._latest = f"SELECT at FROM {table} WHERE {column} = ? ORDER BY at DESC LIMIT ?"  # noqa: S608
        self._add = f"INSERT INTO {table} VALUES (?, ?)"  # noqa: S608
        self._remove_all = f"DELETE FROM {table} WHERE {column} = ?"  # noqa: S608
        latest_row = f"SELECT rowid FROM {table} WHERE {column} = ? ORDER BY at DESC LIMIT 1"  # noqa: S608
        self._remove_one = f"DELETE FROM {table} WHERE rowid = ({latest_row})"  # noqa: S608

    def start(self, limits: Mapping[str, int]) -> None:
        """Count one event under each name, up to its limit. Beyond a limit, raises TryLater and counts nothing."""
        at = self._clock().timestamp()
        with self._database.transaction() as rows:
            rows.execute(self._forget_old, (at - self._seconds, at + CLOCK_SLACK_SECONDS))
            for name, limit in limits.items():
                times = rows.execute(self._latest, (name, limit)).fetchall()
                if len(times) >= limit:
                    raise TryLater(self._refusal, ceil(times[-1][0] + self._seconds - at))
            rows.executemany(self._add, [(name, at) for name in limits])

    def take_back(self, names: Iterable[str]) -> None:
        """Remove the latest event of each name."""
        with self._database.transaction() as rows:
            rows.executemany(self._remove_one, [(name,) for name in names])

    def forget(self, name: str) -> None:
        """Remove all events of a name."""
        with self._database.transaction() as rows:
            rows.execute(self._remove_all, (name,))


class Gate:
    """Limits the number of long calls that run at the same time in one process. Each occupies its thread."""

    def __init__(self, places: int, *, refusal: str, retry_seconds: int, places_per_client: int | None = None) -> None:
        self._places = places
        self._places_per_client = places if places_per_client is None else places_per_client
        self._refusal = refusal
        self._retry_seconds = retry_seconds
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    @contextmanager
    def one(self, client: str = "") -> Iterator[None]:
        """Count a call while it runs. Raises TryLater if too many calls are running."""
        with self._lock:
            if self._running.total() >= self._places or self._running[client] >= self._places_per_client:
                raise TryLater(self._refusal, self._retry_seconds)
            self._running[client] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[client] -= 1
                self._running += Counter()  # Drops clients without a running call.
