"""Counters whose values halve in a constant time, in each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from math import inf

import pytest
from sqlalchemy import select

from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import COUNTER, TABLES
from sealwax.service import Database, DecayingCounter, counters as counters_module

HALF_LIFE, FORGET, START = 600, 6_000, 1_700_000_000.0


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = SCHEMA.open(database_url)
    yield opened
    opened.close()


def counter(
    database: Database, *, kind: str = "test", half_life: float = HALF_LIFE, most_rows: int = 1_000
) -> DecayingCounter:
    return DecayingCounter(
        database, tables=TABLES, kind=kind, half_life_seconds=half_life, forget_seconds=FORGET, most_rows=most_rows
    )


def add(counted: DecayingCounter, name: str, at: float) -> float:
    """Count an event, and return the value before it."""
    counted.sweep(at)
    with counted._database.transaction() as rows:
        level = counted.lock(rows, name, at)
        counted.add(rows, name, level)
    return level.value


def take_back(counted: DecayingCounter, name: str, events: float, at: float) -> None:
    with counted._database.transaction() as rows:
        counted.take_back(rows, name, events, at)


def value_of(counted: DecayingCounter, name: str, at: float) -> float:
    with counted._database.transaction() as rows:
        return counted.lock(rows, name, at).value


def names(database: Database) -> list[str]:
    with database.reading() as rows:
        return list(rows.execute(select(COUNTER.c.name).order_by(COUNTER.c.name)).scalars())


def test_only_a_name_without_events_begins(database: Database) -> None:
    counted = counter(database)
    with database.transaction() as rows:
        assert counted.begin(rows, "name", START)
        assert not counted.begin(rows, "name", START)
        assert counted.begin(rows, "other", START)
    assert (value_of(counted, "name", START), value_of(counted, "other", START)) == (1, 1)


def test_a_name_is_counted_whether_it_is_new_or_not(database: Database) -> None:
    counted = counter(database)
    with database.transaction() as rows:
        before = [counted.count(rows, "name", at).value for at in (START, START, START + HALF_LIFE)]
    assert before == [0, 1, 1]
    assert value_of(counted, "name", START + HALF_LIFE) == 2


def test_a_value_halves_in_each_half_life(database: Database) -> None:
    counted = counter(database)
    for _ in range(4):
        add(counted, "name", START)
    assert value_of(counted, "name", START + HALF_LIFE) == pytest.approx(2)
    assert add(counted, "name", START + 2 * HALF_LIFE) == pytest.approx(1)
    assert value_of(counted, "name", START + 3 * HALF_LIFE) == pytest.approx(1)


def test_the_wait_that_is_named_ends_at_the_value(database: Database) -> None:
    counted = counter(database)
    for _ in range(5):
        add(counted, "name", START)
    with database.transaction() as rows:
        level = counted.lock(rows, "name", START)
    seconds = counted.seconds_until(level, 4)
    assert seconds == pytest.approx(193.16, abs=0.01)
    assert value_of(counted, "name", START + seconds) == pytest.approx(4)
    assert counted.seconds_until(level, 5) == 0


def test_a_value_without_a_half_life_stays_until_it_is_forgotten(database: Database) -> None:
    counted = counter(database, half_life=inf)
    add(counted, "name", START)
    assert value_of(counted, "name", START + FORGET - 1) == 1
    assert value_of(counted, "name", START + FORGET) == 0


def test_more_events_are_taken_back_than_there_are(database: Database) -> None:
    counted = counter(database)
    for _ in range(3):
        add(counted, "name", START)
    take_back(counted, "name", 1.5, START)
    assert value_of(counted, "name", START) == pytest.approx(1.5)
    take_back(counted, "name", inf, START)
    assert names(database) == []


def test_the_values_of_several_names_are_summed(database: Database) -> None:
    counted, other = counter(database), counter(database, kind="other")
    for name in ("one", "two", "two", "three"):
        add(counted, name, START)
    add(other, "one", START)
    with database.transaction() as rows:
        assert counted.total(rows, ["one", "two", "four"]) == 3
        assert counted.total(rows, ["four"]) == 0


@pytest.mark.parametrize("ahead", [3_660 * 86_400, 61])
def test_a_clock_that_was_ahead_leaves_no_value(database: Database, ahead: int) -> None:
    counted = counter(database)
    add(counted, "name", START + ahead)
    assert value_of(counted, "name", START) == 0


def test_a_clock_that_is_a_little_behind_lets_nothing_decay_twice(database: Database) -> None:
    counted = counter(database)
    for at in (START + 50, START, START + 50):
        add(counted, "name", at)
    assert value_of(counted, "name", START + 50) == 3


def test_dead_rows_go_at_the_start_and_after_many_events(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters_module, "SWEPT_AT_ONCE", 20)
    counted = counter(database)
    for number in range(9):
        add(counted, f"{number}", START)
    add(counted, "later", START + FORGET)
    assert len(names(database)) == 10
    add(counted, "last", START + FORGET)
    assert names(database) == ["last", "later"]
    add(counter(database), "of a new process", START + 2 * FORGET)
    assert names(database) == ["of a new process"]


def test_the_rows_that_were_written_longest_ago_go_when_there_are_too_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters_module, "SWEPT_AT_ONCE", 20)
    counted, other = counter(database, most_rows=30), counter(database, kind="other", most_rows=30)
    add(other, "other", START)
    for number in range(100):
        add(counted, f"{number:03}", START + number)
        assert len(names(database)) <= 30 + 1 + 10
    # The trim comes after each ten events.
    counted.sweep(START + 100)
    assert names(database) == [*(f"{number:03}" for number in range(70, 100)), "other"]


def test_parallel_events_are_all_counted(database: Database) -> None:
    counted = counter(database)
    with ThreadPoolExecutor(8) as threads:
        before = list(threads.map(lambda _: add(counted, "name", START), range(40)))
    assert sorted(before) == list(range(40))
