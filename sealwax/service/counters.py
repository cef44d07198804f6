"""Counters that make clients wait: leaky buckets in the database, and a limit on concurrent calls.

A bucket is one row: a value that drains evenly with the time, and the time at which it had this value.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from math import ceil
from typing import Final

from sqlalchemy import Connection, MetaData

from sealwax.service.counter_statements import COUNTER, EVENTS, MOST, NOW, PER_SECOND, CounterStatements
from sealwax.service.counter_table import counter_of
from sealwax.service.database import Database
from sealwax.service.errors import TryLater

_ROUNDING: Final = 1e-6
_SWEEP_SECONDS: Final = 1.0


class LeakyCounter:
    """Counts events by name. Each name may have its limit at once, and again in every `seconds` by and by.

    `tables` has the table `counter`; `kind` separates its users. An event is counted when it starts, so that parallel
    events are counted too. `refusal` is the text of TryLater.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        *,
        tables: MetaData,
        kind: str,
        seconds: int,
        refusal: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._statements = CounterStatements(database, counter_of(tables), kind=kind, seconds=seconds)
        self._seconds = seconds
        self._refusal = refusal
        self._swept_at = 0.0

    def start(self, limits: Mapping[str, int], *, events: int = 1) -> None:
        """Count events under each name, up to its limit, which is at least as high.

        Beyond a limit, raises TryLater and counts nothing.
        """
        at = self._clock().timestamp()
        with self._database.transaction(durable=False) as rows:
            self._sweep_if_due(rows, at)
            # In the order of the names, so that two transactions never wait for each other.
            for name, limit in sorted(limits.items()):
                place = {COUNTER: name, NOW: at, PER_SECOND: limit / self._seconds}
                counted = {**place, EVENTS: float(events), MOST: limit + _ROUNDING}
                if rows.execute(self._statements.count, counted).first() is None:
                    level = rows.execute(self._statements.read_level, place).scalar_one()
                    wait_seconds = ceil((level + events - limit) * self._seconds / limit - _ROUNDING)
                    raise TryLater(self._refusal, max(1, wait_seconds))

    def _sweep_if_due(self, rows: Connection, at: float) -> None:
        """Delete dead rows, so that the table does not grow. A clock that was set back makes it due too."""
        if abs(at - self._swept_at) >= _SWEEP_SECONDS:
            self._swept_at = at
            for sweep in self._statements.sweeps:
                rows.execute(sweep, {NOW: at})

    def take_back(self, names: Iterable[str], *, forgotten: Collection[str] = ()) -> None:
        """Uncount one event of each name, and all events of the names in `forgotten`."""
        with self._database.transaction(durable=False) as rows:
            for name in sorted({*names, *forgotten}):
                statements = self._statements
                rows.execute(statements.forget if name in forgotten else statements.take_back, {COUNTER: name})


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
