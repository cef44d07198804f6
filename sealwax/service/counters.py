"""Counters that make clients wait: leaky buckets and failures in the database, and a limit on concurrent calls.

A bucket is one row: a value that drains evenly with the time, and the time at which it had this value. The failures of
a name are one row of the same table: their number, and the time from which the wait counts.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final

from sqlalchemy import Connection, MetaData

from sealwax.service.counter_statements import (
    COUNTER,
    EVENTS,
    MOST,
    NOW,
    PER_SECOND,
    SECONDS,
    BackoffStatements,
    CounterStatements,
)
from sealwax.service.counter_table import counter_of
from sealwax.service.database import CLOCK_SLACK_SECONDS, Database
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
        self._sweep = _Sweep(self._statements)

    def start(self, limits: Mapping[str, int], *, events: int = 1) -> None:
        """Count events under each name, up to its limit, which is at least as high.

        Beyond a limit, raises TryLater and counts nothing.
        """
        at = self._clock().timestamp()
        with self._database.transaction(durable=False) as rows:
            self._sweep.if_due(rows, at)
            # In the order of the names, so that two transactions never wait for each other.
            for name, limit in sorted(limits.items()):
                place = {COUNTER: name, NOW: at, PER_SECOND: limit / self._seconds}
                counted = {**place, EVENTS: float(events), MOST: limit + _ROUNDING}
                if rows.execute(self._statements.count, counted).first() is None:
                    level = rows.execute(self._statements.read_level, place).scalar_one()
                    wait_seconds = ceil((level + events - limit) * self._seconds / limit - _ROUNDING)
                    raise TryLater(self._refusal, max(1, wait_seconds))

    def take_back(self, names: Iterable[str], *, forgotten: Collection[str] = ()) -> None:
        """Uncount one event of each name, and all events of the names in `forgotten`."""
        with self._database.transaction(durable=False) as rows:
            for name in sorted({*names, *forgotten}):
                statements = self._statements
                rows.execute(statements.forget if name in forgotten else statements.take_back, {COUNTER: name})


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffRule:
    """After `free_failures`, each further failure doubles the wait, from one second to `longest_seconds`."""

    free_failures: int
    longest_seconds: int

    def wait_seconds(self, failures: int) -> int:
        """Return the wait after this number of failures."""
        excess = failures - self.free_failures
        # The exponent is limited before the shift, because a counter may grow for years.
        return min(1 << min(excess - 1, 30), self.longest_seconds) if excess > 0 else 0


class BackoffCounter:
    """Counts failures by name. A name waits after its failures, and longer after each one.

    `tables` has the table `counter`; `kind` separates its users. A name without a failure for `forget_seconds` is
    forgotten. `refusal` is the text of TryLater, with `{seconds}` in the place of the wait.
    """

    def __init__(self, database: Database, *, tables: MetaData, kind: str, forget_seconds: int, refusal: str) -> None:
        self._database = database
        self._statements = BackoffStatements(database, counter_of(tables), kind=kind, seconds=forget_seconds)
        self._forget_seconds = forget_seconds
        self._refusal = refusal
        self._sweep = _Sweep(self._statements)

    def start(self, rules: Mapping[str, BackoffRule], at: datetime) -> None:
        """Count a failure of each name before an attempt is made. Raises TryLater if one of them has to wait.

        The check and the count are one transaction, and the rows are locked, so that parallel guesses are all counted.
        An attempt that must wait is not counted, so that trying too early does not make the wait longer.
        """
        now = at.timestamp()
        with self._database.transaction(durable=False) as rows:
            self._sweep.if_due(rows, now)
            # In the order of the names, so that two transactions never wait for each other.
            failures = {name: self._lock(rows, name, now) for name in sorted(rules)}
            left = max(since + rules[name].wait_seconds(count) - now for name, (count, since) in failures.items())
            if left > 0:
                # The error ends the transaction, which leaves no row of a name that is new.
                seconds = int(left) + 1
                raise TryLater(self._refusal.format(seconds=seconds), seconds)
            for name, (count, _since) in failures.items():
                rows.execute(self._statements.note, {COUNTER: name, NOW: now, EVENTS: float(count + 1)})

    def succeeded(self, *, own: str, shared: str, rule: BackoffRule) -> None:
        """Forget all failures of a name of one's own, but only the latest one of a name that others share.

        Otherwise a guesser who also has an account could clear the count of a network. `rule` is that of the shared
        name, which waits no longer.
        """
        with self._database.transaction(durable=False) as rows:
            for name, statement in sorted({own: self._statements.forget, shared: self._statements.release}.items()):
                rows.execute(statement, {COUNTER: name} | ({SECONDS: rule.longest_seconds} if name == shared else {}))

    def _lock(self, rows: Connection, name: str, now: float) -> tuple[int, float]:
        """Return the failures of a name and the time from which its wait counts. Its row is locked, and made if new."""
        value, since = rows.execute(self._statements.lock, {COUNTER: name, NOW: now}).one()
        is_dead = not now - self._forget_seconds < since <= now + CLOCK_SLACK_SECONDS
        return (0, now) if is_dead else (round(value), since)


class _Sweep:
    """Deletes dead rows, so that the table does not grow."""

    def __init__(self, statements: CounterStatements) -> None:
        self._statements = statements
        self._swept_at = 0.0

    def if_due(self, rows: Connection, at: float) -> None:
        """Delete some of them, once in a while. A clock that was set back makes it due too."""
        if abs(at - self._swept_at) >= _SWEEP_SECONDS:
            self._swept_at = at
            for sweep in self._statements.sweeps:
                rows.execute(sweep, {NOW: at})


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
