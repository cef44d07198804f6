"""Counters of failures whose names wait longer after each one, in each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from roaming_keys.database import SCHEMA
from roaming_keys.database.tables import TABLES
from sealwax.service import BackoffCounter, BackoffRule, Database, TryLater
from tests.support.clock import FakeClock

FREE_TWICE = BackoffRule(free_failures=2, longest_seconds=8)
DAY = 86_400


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = SCHEMA.open(database_url)
    yield opened
    opened.close()


def counter(database: Database, *, kind: str = "test") -> BackoffCounter:
    refusal = "Wait {seconds} seconds."
    return BackoffCounter(database, tables=TABLES, kind=kind, forget_seconds=DAY, refusal=refusal)


def wait_seconds(failures: BackoffCounter, *names: str, at: datetime) -> int:
    """Try once, and return the wait that was named: 0 if the failure was counted."""
    try:
        failures.start(dict.fromkeys(names, FREE_TWICE), at)
    except TryLater as refused:
        return refused.retry_after_seconds or 0
    return 0


def test_after_the_free_failures_each_wait_is_twice_the_one_before(database: Database, clock: FakeClock) -> None:
    failures, waits = counter(database), []
    for _ in range(8):
        waits.append(0)
        while wait_seconds(failures, "name", at=clock()) > 0:
            waits[-1] += 1
            clock.advance(seconds=1)
    assert waits == [0, 0, 0, 1, 2, 4, 8, 8]


def test_an_attempt_that_has_to_wait_is_counted_under_no_name(database: Database, clock: FakeClock) -> None:
    failures = counter(database)
    for _ in range(3):
        assert wait_seconds(failures, "account", at=clock()) == 0
    for _ in range(9):
        assert wait_seconds(failures, "account", "network", at=clock()) == 2
    assert [wait_seconds(failures, "network", at=clock()) for _ in range(4)] == [0, 0, 0, 2]


def test_the_error_names_the_wait(database: Database, clock: FakeClock) -> None:
    failures = counter(database)
    for _ in range(3):
        failures.start({"name": FREE_TWICE}, clock())
    with pytest.raises(TryLater, match=r"^Wait 2 seconds\.$") as refused:
        failures.start({"name": FREE_TWICE}, clock())
    assert refused.value.retry_after_seconds == 2


def test_the_longest_wait_of_several_names_is_named(database: Database, clock: FakeClock) -> None:
    failures = counter(database)
    for name, times in (("one", 3), ("other", 5)):
        for _ in range(times):
            assert wait_seconds(failures, name, at=clock()) == 0
            clock.advance(seconds=FREE_TWICE.wait_seconds(times - 1) + 1)
    clock.advance(seconds=-FREE_TWICE.wait_seconds(4) - 1)
    assert wait_seconds(failures, "one", "other", at=clock()) == 5


def test_a_success_forgets_its_own_failures_and_one_of_the_shared_name(database: Database, clock: FakeClock) -> None:
    failures = counter(database)
    for _ in range(2):
        assert wait_seconds(failures, "account", "network", at=clock()) == 0
    assert wait_seconds(failures, "account", "network", at=clock()) == 0
    failures.succeeded(own="account", shared="network", rule=FREE_TWICE)
    assert [wait_seconds(failures, "account", at=clock()) for _ in range(4)] == [0, 0, 0, 2]
    # Two failures of the network are left, and nobody waits for the one that was none.
    assert [wait_seconds(failures, "network", at=clock()) for _ in range(2)] == [0, 2]


def test_after_a_success_nobody_in_a_network_with_many_failures_waits(database: Database, clock: FakeClock) -> None:
    failures = counter(database)
    for _ in range(9):
        assert wait_seconds(failures, "network", at=clock()) == 0
        clock.advance(seconds=9)
    assert wait_seconds(failures, "account", "network", at=clock()) == 0
    failures.succeeded(own="account", shared="network", rule=FREE_TWICE)
    assert [wait_seconds(failures, "network", at=clock()) for _ in range(2)] == [0, 9]


def test_failures_are_forgotten_after_a_day_without_one(database: Database, clock: FakeClock) -> None:
    failures = counter(database)
    for _ in range(3):
        wait_seconds(failures, "name", at=clock())
    clock.advance(seconds=DAY + 1)
    assert [wait_seconds(failures, "name", at=clock()) for _ in range(4)] == [0, 0, 0, 2]


@pytest.mark.parametrize("ahead", [timedelta(days=3660), timedelta(seconds=61)])
def test_failures_under_a_clock_that_was_ahead_block_nobody(
    database: Database, clock: FakeClock, ahead: timedelta
) -> None:
    failures = counter(database)
    for _ in range(3):
        wait_seconds(failures, "name", at=clock() + ahead)
    assert wait_seconds(failures, "name", at=clock()) == 0


def test_counters_of_two_kinds_do_not_meet(database: Database, clock: FakeClock) -> None:
    one, other = counter(database), counter(database, kind="other")
    assert [wait_seconds(one, "name", at=clock()) for _ in range(4)] == [0, 0, 0, 2]
    assert wait_seconds(other, "name", at=clock()) == 0


def test_of_parallel_guesses_only_the_free_ones_are_let_through(database: Database, clock: FakeClock) -> None:
    failures, at = counter(database), clock()
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: wait_seconds(failures, "account", "network", at=at), range(40)))
    assert waits.count(0) == FREE_TWICE.free_failures + 1
