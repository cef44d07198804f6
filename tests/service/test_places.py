"""The places that processes share, on each kind of database, with the lease of a process that is gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Connection, delete, func, select, update

from sealwax.service import Announcements, Database, DatabaseUnavailable
from tests.support.clock import FakeClock
from webbridge.database import SCHEMA
from webbridge.database.tables import PLACE, PROCESS
from webbridge.places.kinds import MOST_AT_ONCE, PlaceKind
from webbridge.places.processes import LEASE_SECONDS, RENEW_SECONDS
from webbridge.places.shared import Place, SharedPlaces

SESSION = "a" * 64
MOST = MOST_AT_ONCE[PlaceKind.IMAP]
SECONDS = 20


@dataclass(slots=True)
class Giver:
    """A process that only notes what it is asked for."""

    asked: list[str] = field(default_factory=list)
    is_asked: threading.Event = field(default_factory=threading.Event)

    def give_one_back(self, name: str) -> None:
        self.asked.append(name)
        self.is_asked.set()

    def look_after(self) -> None:
        """Do nothing."""


@pytest.fixture
def processes(database_url: str, clock: FakeClock) -> Iterator[list[SharedPlaces]]:
    """The places as three processes see them."""
    databases = [SCHEMA.open(database_url) for _ in range(3)]
    made = [SharedPlaces(database, Announcements(database), clock=clock) for database in databases]
    yield made
    for places in made:
        places.close()
    for database in databases:
        database.close()


def fill(places: SharedPlaces, kind: PlaceKind = PlaceKind.IMAP, name: str = SESSION) -> list[Place]:
    """Take all places that are free."""
    return list(iter(lambda: places.take(kind, name), None))


def count(places: SharedPlaces, table: object = PLACE) -> int:
    with places._database.reading() as rows:
        return int(rows.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_processes_that_take_at_once_hold_as_many_as_there_are(processes: list[SharedPlaces]) -> None:
    with ThreadPoolExecutor(len(processes)) as threads:
        taken = [place for places in threads.map(fill, processes) for place in places]
    assert sorted(place.number for place in taken) == list(range(MOST))
    assert fill(processes[0], PlaceKind.SEND) != []
    assert fill(processes[0], name="b" * 64) != []


def test_a_place_that_is_given_back_is_free_for_all(processes: list[SharedPlaces]) -> None:
    process, other, _ = processes
    own_place, free_place = fill(process)[1:3]
    process.give_back(free_place)
    assert [place.number for place in fill(other)] == [free_place.number]
    # A second time gives nothing back: the number belongs to the other now.
    process.give_back(free_place)
    assert fill(process) == []
    assert process.holds(own_place)


def test_the_places_of_a_process_that_does_not_renew_its_lease_are_free_after_it(
    processes: list[SharedPlaces], clock: FakeClock
) -> None:
    gone, other, _ = processes
    taken = fill(gone)
    for _ in range(3):
        clock.advance(seconds=LEASE_SECONDS / 4)
        assert other.take(PlaceKind.IMAP, SESSION) is None
    clock.advance(seconds=LEASE_SECONDS / 4)
    assert len(fill(other)) == MOST
    # A process that was only stopped notices it, and gives back no place of the other one.
    gone.look_after()
    assert not any(gone.holds(place) for place in taken)
    for place in taken:
        gone.give_back(place)
    assert fill(gone) == []
    assert count(other) == MOST


def test_a_lease_that_is_renewed_keeps_its_places(processes: list[SharedPlaces], clock: FakeClock) -> None:
    process, other, _ = processes
    taken = fill(process)
    for _ in range(10):
        clock.advance(seconds=RENEW_SECONDS)
        process.look_after()
        assert fill(other) == []
    assert all(process.holds(place) for place in taken)


def test_a_lease_from_a_clock_that_was_ahead_does_not_last(processes: list[SharedPlaces], clock: FakeClock) -> None:
    process, other, _ = processes
    fill(process)
    clock.advance(seconds=-10 * LEASE_SECONDS)
    assert len(fill(other)) == MOST


def test_a_place_of_no_process_is_free(processes: list[SharedPlaces]) -> None:
    """A process that ends may still have taken a place."""
    process, other, _ = processes
    fill(process)
    with process._database.transaction() as rows:
        rows.execute(delete(PROCESS))
    assert len(fill(other)) == MOST


def test_closing_gives_everything_back(processes: list[SharedPlaces]) -> None:
    process, other, _ = processes
    fill(process)
    process.close()
    assert count(other) == count(other, PROCESS) == 0
    assert len(fill(other)) == MOST


def test_a_place_that_was_not_given_back_without_the_database_is_given_back_with_it(
    processes: list[SharedPlaces], monkeypatch: pytest.MonkeyPatch
) -> None:
    process, other, _ = processes
    first = fill(process)[0]

    def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(Database, "transaction", away)
        process.give_back(first)
    assert fill(other) == []
    process.look_after()
    assert [place.number for place in fill(other)] == [first.number]


def test_a_place_is_given_back_if_the_answer_to_its_commit_is_lost(
    processes: list[SharedPlaces], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller gets an error and no place, so nobody else would give it back while this process lives."""
    process, other, _ = processes
    assert process.take(PlaceKind.POP3, "b" * 64) is not None
    whole = Database.transaction

    @contextmanager
    def losing(database: Database, *, durable: bool = True) -> Iterator[Connection]:
        with whole(database, durable=durable) as rows:
            yield rows
        raise DatabaseUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(Database, "transaction", losing)
        with pytest.raises(DatabaseUnavailable):
            process.take(PlaceKind.POP3, SESSION)
    process.look_after()
    assert other.take(PlaceKind.POP3, SESSION) is not None


def test_a_process_that_holds_places_is_asked_for_one(processes: list[SharedPlaces]) -> None:
    process, other, third = processes
    holder, bystander = Giver(), Giver()
    process.serve(holder)
    third.serve(bystander)
    fill(process)
    third.take(PlaceKind.SEND, SESSION)
    other.take(PlaceKind.SEND, SESSION)
    other.ask_for(PlaceKind.IMAP, SESSION)
    assert holder.is_asked.wait(SECONDS)
    assert holder.asked == [SESSION]
    assert bystander.asked == []


def test_the_lease_costs_one_row_for_each_process_and_not_for_each_place(
    processes: list[SharedPlaces], clock: FakeClock
) -> None:
    process, *_ = processes
    for number in range(20):
        process.take(PlaceKind.IMAP, f"{number:064}")
    with process._database.transaction() as rows:
        rows.execute(update(PLACE).values(lease="untouched"))
    clock.advance(seconds=RENEW_SECONDS)
    process.look_after()
    with process._database.reading() as rows:
        assert set(rows.execute(select(PLACE.c.lease)).scalars()) == {"untouched"}
        assert len(rows.execute(select(PROCESS)).all()) == 1
