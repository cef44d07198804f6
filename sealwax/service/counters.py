"""Counters that make clients wait: leaky buckets in the database, and a limit on concurrent calls.

A bucket is one row: a value that drains evenly with the time, and the time at which it had this value.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from math import ceil
from typing import Final

from sqlalchemy import ColumnElement, Connection, MetaData, case, delete, select, tuple_, update

from sealwax.service.counter_table import COUNTER_KEY, counter_of
from sealwax.service.database import CLOCK_SLACK_SECONDS, Database, insert_into
from sealwax.service.errors import TryLater

# Each count adds a few rows and deletes up to this number of dead ones, so that the table does not grow.
SWEPT_AT_ONCE: Final = 20
_ROUNDING: Final = 1e-6


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
        self._table = counter_of(tables)
        self._kind = kind
        self._seconds = seconds
        self._refusal = refusal

    def start(self, limits: Mapping[str, int]) -> None:
        """Count one event under each name, up to its limit. Beyond a limit, raises TryLater and counts nothing."""
        at = self._clock().timestamp()
        with self._database.transaction(durable=False) as rows:
            self._sweep(rows, at)
            # In the order of the names, so that two transactions never wait for each other.
            for name, limit in sorted(limits.items()):
                if not self._add(rows, name, limit, at):
                    raise TryLater(self._refusal, self._wait_seconds(rows, name, limit, at))

    def take_back(self, names: Iterable[str]) -> None:
        """Uncount one event of each name."""
        value = self._table.c.value
        fewer = case((value > 1, value - 1), else_=0.0)
        with self._database.transaction(durable=False) as rows:
            for name in sorted(names):
                rows.execute(update(self._table).where(*self._is_named(name)).values(value=fewer))

    def forget(self, name: str) -> None:
        """Uncount all events of a name."""
        with self._database.transaction(durable=False) as rows:
            rows.execute(delete(self._table).where(*self._is_named(name)))

    def _add(self, rows: Connection, name: str, limit: int, at: float) -> bool:
        """Return whether there was room for one more event, which is counted then."""
        level, since = self._level(limit, at), self._table.c.at
        # A time that is a little ahead stays, so that the bucket does not drain twice for the same seconds.
        is_ahead = (since > at) & (since <= at + CLOCK_SLACK_SECONDS)
        first = insert_into(rows, self._table).values(kind=self._kind, name=name, value=1.0, at=at)
        counted = first.on_conflict_do_update(
            index_elements=COUNTER_KEY,
            set_={"value": level + 1, "at": case((is_ahead, since), else_=at)},
            where=level + 1 <= limit + _ROUNDING,
        )
        return rows.execute(counted.returning(self._table.c.value)).first() is not None

    def _level(self, limit: int, at: float) -> ColumnElement[float]:
        """The value at the time `at`. A time further ahead was written by a wrong clock, so its value is ignored."""
        value, since = self._table.c.value, self._table.c.at
        drained = value - (at - since) * (limit / self._seconds)
        is_dead = (since > at + CLOCK_SLACK_SECONDS) | ((since <= at) & (drained <= 0))
        return case((is_dead, 0.0), (since > at, value), else_=drained)

    def _wait_seconds(self, rows: Connection, name: str, limit: int, at: float) -> int:
        level = rows.execute(select(self._level(limit, at)).where(*self._is_named(name))).scalar_one()
        return max(1, ceil((level + 1 - limit) * self._seconds / limit - _ROUNDING))

    def _sweep(self, rows: Connection, at: float) -> None:
        """Delete some rows that count nothing any more: the drained ones, and those of a wrong clock."""
        table = self._table
        for is_dead in (table.c.at <= at - self._seconds, table.c.at > at + CLOCK_SLACK_SECONDS):
            dead = select(table.c.kind, table.c.name).where(table.c.kind == self._kind, is_dead)
            # Rows that another process changes now are left to it.
            dead = dead.order_by(table.c.at).limit(SWEPT_AT_ONCE).with_for_update(skip_locked=True)
            rows.execute(delete(table).where(tuple_(table.c.kind, table.c.name).in_(dead)))

    def _is_named(self, name: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return self._table.c.kind == self._kind, self._table.c.name == name


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
