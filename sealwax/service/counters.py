"""Counters that make clients wait: leaky buckets in the database, and a limit on concurrent calls.

A bucket is one row: a value, and the time at which the bucket had this value. The value falls evenly with time, or
halves in a constant time.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import ceil, log2
from typing import Final

from sqlalchemy import Connection, MetaData

from sealwax.service.counter_statements import (
    COUNTER,
    EVENTS,
    MOST,
    NAMES,
    NOW,
    PER_SECOND,
    SWEPT_AT_ONCE,
    CounterStatements,
    DecayStatements,
)
from sealwax.service.counter_table import counter_of
from sealwax.service.database import CLOCK_SLACK_SECONDS, Database
from sealwax.service.errors import TryLater

_ROUNDING: Final = 1e-6
_SWEEP_SECONDS: Final = 1.0


class LeakyCounter:
    """Counts events by name.

    A name may have as many events at once as its limit, and the same number again in each period of `seconds`. `tables`
    has the table `counter`. `kind` is the name of this counter in the table. An event is counted when it starts, so
    that parallel events are counted too. `refusal` is the text of TryLater.
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
        self._sweep = _Sweep(self._statements)

    def start(self, limits: Mapping[str, int], *, events: int = 1) -> None:
        """Count `events` under each name, up to its limit, which must be at least `events`.

        Beyond a limit, raises TryLater and counts nothing.
        """
        at = self._clock().timestamp()
        with self._database.transaction(durable=False) as rows:
            self._sweep.if_due(rows, at)
            # Rows are locked in the order of their names, so that two transactions never wait for each other.
            for name, limit in sorted(limits.items()):
                parameters = {COUNTER: name, NOW: at, PER_SECOND: limit / self._seconds}
                counted = {**parameters, EVENTS: float(events), MOST: limit + _ROUNDING}
                if rows.execute(self._statements.count, counted).first() is None:
                    level = rows.execute(self._statements.read_level, parameters).scalar_one()
                    wait_seconds = ceil((level + events - limit) * self._seconds / limit - _ROUNDING)
                    raise TryLater(self._refusal, max(1, wait_seconds))

    def take_back(self, names: Iterable[str], *, events: int = 1, forgotten: Collection[str] = ()) -> None:
        """Uncount `events` of each name, and all events of the names in `forgotten`."""
        with self._database.transaction(durable=False) as rows:
            for name in sorted({*names, *forgotten}):
                statements = self._statements
                if name in forgotten:
                    rows.execute(statements.forget, {COUNTER: name})
                else:
                    rows.execute(statements.take_back, {COUNTER: name, EVENTS: float(events)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The value of a name at the time `at`, and the seconds since the value was last written."""

    value: float
    age_seconds: float
    at: float


class DecayingCounter:
    """Counts events by name. A value halves every `half_life_seconds`, or never if they are infinite.

    `tables` has the table `counter`. `kind` is the name of this counter in the table. A name that was not written for
    `forget_seconds` is forgotten. If there are more than `most_rows` names, those that were written longest ago are
    forgotten. The caller counts in its own transaction. A caller with several counters always uses the counters in the
    same order, so that two transactions never wait for each other.
    """

    def __init__(
        self,
        database: Database,
        *,
        tables: MetaData,
        kind: str,
        half_life_seconds: float,
        forget_seconds: int,
        most_rows: int,
    ) -> None:
        self._database = database
        self._statements = DecayStatements(
            database, counter_of(tables), kind=kind, seconds=forget_seconds, most_rows=most_rows
        )
        self._half_life_seconds = half_life_seconds
        self._forget_seconds = forget_seconds
        self._added_since_sweep = SWEPT_AT_ONCE

    def begin(self, rows: Connection, name: str, now: float) -> bool:
        """Count the first event of a name, and return True. If the name may have an event already, return False.

        Most names are new, so one statement is enough for them.
        """
        if rows.execute(self._statements.begin, {COUNTER: name, NOW: now}).first() is None:
            return False
        self._added_since_sweep += 1
        return True

    def lock(self, rows: Connection, name: str, now: float) -> Level:
        """Return the level of a name, and lock its row until the transaction ends. A new name gets a row first."""
        value, since = rows.execute(self._statements.lock, {COUNTER: name, NOW: now}).one()
        if not now - self._forget_seconds < since <= now + CLOCK_SLACK_SECONDS:
            return Level(value=0.0, age_seconds=0.0, at=now)
        # A time that is slightly ahead is kept, so that the value does not decay twice in the same seconds.
        age_seconds = max(0.0, now - since)
        value *= 0.5 ** (age_seconds / self._half_life_seconds)
        return Level(value=value, age_seconds=age_seconds, at=max(now, since))

    def total(self, rows: Connection, names: Sequence[str]) -> float:
        """Return the sum of the values of several names as they were written. Their rows are not locked."""
        return float(rows.execute(self._statements.total, {NAMES: names}).scalar_one())

    def count(self, rows: Connection, name: str, now: float) -> Level:
        """Count one event of a name, and return the level before it. The row is locked as in `lock`."""
        if self.begin(rows, name, now):
            return Level(value=0.0, age_seconds=0.0, at=now)
        level = self.lock(rows, name, now)
        self.add(rows, name, level)
        return level

    def add(self, rows: Connection, name: str, level: Level) -> None:
        """Count one event of a name. `lock` has returned its `level`."""
        rows.execute(self._statements.write, {COUNTER: name, NOW: level.at, EVENTS: level.value + 1})
        self._added_since_sweep += 1

    def take_back(self, rows: Connection, name: str, events: float, now: float) -> None:
        """Uncount events of a name. The value does not fall below 0."""
        if rows.execute(self._statements.forget_few, {COUNTER: name, EVENTS: events}).first() is not None:
            return
        level = self.lock(rows, name, now)
        if level.value > events:
            rows.execute(self._statements.write, {COUNTER: name, NOW: level.at, EVENTS: level.value - events})
        else:
            rows.execute(self._statements.forget, {COUNTER: name})

    def seconds_until(self, level: Level, value: float) -> float:
        """Return the seconds until a level has decayed to a value above 0."""
        return self._half_life_seconds * log2(level.value / value) if level.value > value + _ROUNDING else 0.0

    def sweep(self, now: float) -> None:
        """Delete forgotten names, and names beyond `most_rows`. Only the first call and some later calls do this.

        The sweep has its own transaction. In the caller's transaction, a refusal would undo the sweep.
        """
        if self._added_since_sweep < SWEPT_AT_ONCE // 2:
            return
        self._added_since_sweep = 0
        with self._database.transaction(durable=False) as rows:
            for sweep in (*self._statements.sweeps, self._statements.trim):
                rows.execute(sweep, {NOW: now})


class _Sweep:
    """Deletes rows that count nothing any more, so that the table does not grow."""

    def __init__(self, statements: CounterStatements) -> None:
        self._statements = statements
        self._swept_at = 0.0

    def if_due(self, rows: Connection, at: float) -> None:
        """Delete some of these rows if the last time was long ago, or if the clock was set back."""
        if abs(at - self._swept_at) >= _SWEEP_SECONDS:
            self._swept_at = at
            for sweep in self._statements.sweeps:
                rows.execute(sweep, {NOW: at})


class Gate:
    """Limits the number of long calls that run at the same time in one process. Each call occupies one thread."""

    def __init__(
        self, max_calls: int, *, refusal: str, retry_seconds: int, max_calls_per_client: int | None = None
    ) -> None:
        self._max_calls = max_calls
        self._max_calls_per_client = max_calls if max_calls_per_client is None else max_calls_per_client
        self._refusal = refusal
        self._retry_seconds = retry_seconds
        self._changed = threading.Condition()
        self._running: Counter[str] = Counter()

    @contextmanager
    def one(self, client: str = "", *, patience_seconds: float = 0.0) -> Iterator[None]:
        """Count a call while it runs. Raises TryLater if too many calls still run after `patience_seconds`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_below_limits(client), patience_seconds):
                raise TryLater(self._refusal, self._retry_seconds)
            self._running[client] += 1
        try:
            yield
        finally:
            with self._changed:
                self._running[client] -= 1
                self._running += Counter()  # Drops clients without a running call.
                self._changed.notify_all()

    def _is_below_limits(self, client: str) -> bool:
        return self._running.total() < self._max_calls and self._running[client] < self._max_calls_per_client
