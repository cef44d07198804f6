"""Leaky counters: how many events each name may have, and the rows that they leave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import select

from sealwax.service import Database, LeakyCounter, TryLater
from tests.support.clock import FakeClock
from webbridge.database import SCHEMA
from webbridge.database.tables import COUNTER, TABLES

SECONDS = 60
YEARS = 10 * 366 * 86_400


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = SCHEMA.open(database_url)
    yield opened
    opened.close()


def counter(database: Database, clock: FakeClock, *, kind: str = "test") -> LeakyCounter:
    return LeakyCounter(database, clock, tables=TABLES, kind=kind, seconds=SECONDS, refusal="Wait a minute.")


def names(database: Database) -> list[str]:
    with database.reading() as rows:
        return list(rows.execute(select(COUNTER.c.name).order_by(COUNTER.c.name)).scalars())


def is_free(counted: LeakyCounter, name: str, limit: int) -> bool:
    try:
        counted.start({name: limit})
    except TryLater:
        return False
    return True


def test_an_event_that_one_limit_refuses_counts_under_no_name(database: Database, clock: FakeClock) -> None:
    counted = counter(database, clock)
    counted.start({"account": 1, "client": 5})
    with pytest.raises(TryLater, match="Wait a minute") as refused:
        counted.start({"client": 5, "account": 1, "another": 1})
    assert refused.value.retry_after_seconds == SECONDS
    assert names(database) == ["account", "client"]
    assert [is_free(counted, "client", 5) for _ in range(5)] == [True] * 4 + [False]


def test_an_event_is_taken_back_once_and_a_name_is_forgotten_as_a_whole(database: Database, clock: FakeClock) -> None:
    counted = counter(database, clock)
    for _ in range(2):
        counted.start({"account": 2, "client": 2})
    counted.take_back(["account"], forgotten=["client"])
    assert [is_free(counted, "account", 2) for _ in range(2)] == [True, False]
    assert [is_free(counted, "client", 2) for _ in range(3)] == [True, True, False]


def test_more_events_are_taken_back_than_were_counted_and_the_limit_stays(database: Database, clock: FakeClock) -> None:
    counted = counter(database, clock)
    counted.start({"account": 2})
    for _ in range(3):
        counted.take_back(["account"])
    assert [is_free(counted, "account", 2) for _ in range(3)] == [True, True, False]


def test_counters_of_two_kinds_do_not_meet(database: Database, clock: FakeClock) -> None:
    first_counter, other = counter(database, clock, kind="one"), counter(database, clock, kind="other")
    first_counter.start({"name": 1})
    other.start({"name": 1})
    other.take_back([], forgotten=["name"])
    assert not is_free(first_counter, "name", 1)


def test_the_wait_that_is_named_is_long_enough_and_not_longer(database: Database, clock: FakeClock) -> None:
    counted = counter(database, clock)
    for _ in range(3):
        counted.start({"name": 3})
    with pytest.raises(TryLater) as refused:
        counted.start({"name": 3})
    clock.advance(seconds=(refused.value.retry_after_seconds or 0) - 1)
    assert not is_free(counted, "name", 3)
    clock.advance(seconds=1)
    assert is_free(counted, "name", 3)


def test_dead_rows_go_by_and_by(database: Database, clock: FakeClock) -> None:
    counted = counter(database, clock)
    for number in range(50):
        counted.start({f"{number:02}": 1})
    clock.advance(seconds=SECONDS)
    counted.start({"new": 10})
    assert names(database) == ["new"]


def test_each_process_sweeps_at_most_once_a_second(database: Database, clock: FakeClock) -> None:
    counted = counter(database, clock)
    clock.advance(seconds=SECONDS)
    counted.start({"old": 1})
    other = counter(database, clock)
    clock.advance(seconds=SECONDS - 0.5)
    other.start({"other": 1})
    clock.advance(seconds=0.5)
    other.start({"other": 2})
    assert names(database) == ["old", "other"]
    clock.advance(seconds=0.5)
    other.start({"other": 3})
    assert names(database) == ["other"]


@pytest.mark.parametrize("jump", [YEARS, -YEARS])
def test_a_clock_that_was_wrong_blocks_nobody_afterwards(database: Database, clock: FakeClock, jump: int) -> None:
    counted = counter(database, clock)
    clock.advance(seconds=jump)
    assert [is_free(counted, "name", 1) for _ in range(2)] == [True, False]
    clock.advance(seconds=-jump)
    assert [is_free(counted, "name", 1) for _ in range(2)] == [True, False]


EVENTS = st.tuples(
    st.sampled_from(["start", "take back", "forget"]), st.sampled_from("ab"), st.integers(min_value=-30, max_value=90)
)


@settings(max_examples=60, deadline=None)
@given(events=st.lists(EVENTS, max_size=40), limit=st.integers(min_value=1, max_value=4))
def test_a_counter_is_a_bucket_that_drains_evenly(events: list[tuple[str, str, int]], limit: int) -> None:
    """The model: a level for each name that sinks by `limit` in `SECONDS`, and a time that never goes back."""
    database, clock = SCHEMA.open(":memory:"), FakeClock()
    counted = counter(database, clock)
    levels: dict[str, tuple[float, float]] = {}
    for verb, name, seconds in events:
        clock.at += timedelta(seconds=seconds)
        now = clock.at.timestamp()
        level, since = levels.get(name, (0.0, now))
        if since - now > 60:
            level, since = 0.0, now
        if verb == "forget":
            counted.take_back([], forgotten=[name])
            levels.pop(name, None)
        elif verb == "take back":
            counted.take_back([name])
            if name in levels:
                levels[name] = (max(0.0, levels[name][0] - 1), levels[name][1])
        else:
            level = max(0.0, level - max(0.0, now - since) * limit / SECONDS)
            has_room = level + 1 <= limit + 1e-6
            assert is_free(counted, name, limit) == has_room
            if has_room:
                levels[name] = (level + 1, max(now, since))
    database.close()
