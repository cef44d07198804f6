"""The places of a process that is killed are free within two seconds, and those of one that lives are not."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text

from sealwax.service import Announcements, DatabaseUnavailable, now
from tests.support.databases.postgresql import run_postgresql
from tests.support.servers.holding_process import holding_process
from webbridge.database import SCHEMA
from webbridge.database.tables import PROCESS
from webbridge.places import processes as module
from webbridge.places.kinds import MOST_AT_ONCE, PlaceKind
from webbridge.places.locks import AdvisoryLocks, locks_of
from webbridge.places.shared import Place, SharedPlaces

SESSION = "a" * 64
MOST = MOST_AT_ONCE[PlaceKind.IMAP]
FREE_SECONDS = 2.0
PATIENCE_SECONDS = 20.0


@contextmanager
def places_at(url: str) -> Iterator[SharedPlaces]:
    """The places as a process has them."""
    with ExitStack() as stack:
        database = stack.enter_context(closing(SCHEMA.open(url)))
        yield stack.enter_context(closing(SharedPlaces(database, Announcements(database), clock=now)))


def fill(places: SharedPlaces) -> list[Place]:
    """Take all places that are free."""
    return list(iter(lambda: places.take(PlaceKind.IMAP, SESSION), None))


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def check_none_is_free(places: SharedPlaces) -> None:
    """Look for longer than a killed process keeps its places."""
    ends = time.monotonic() + FREE_SECONDS
    while time.monotonic() < ends:
        assert fill(places) == []
        time.sleep(0.02)


@pytest.fixture
def database_url(database_url: str) -> str:
    """A database with its tables, of each kind in turn."""
    SCHEMA.open(database_url).close()
    return database_url


def test_the_places_of_a_killed_process_are_free_within_two_seconds(database_url: str) -> None:
    with holding_process(database_url, SESSION) as killed, places_at(database_url) as other:
        assert fill(other) == []
        killed.kill()
        wait_until(lambda: other.take(PlaceKind.IMAP, SESSION) is not None, FREE_SECONDS)
        assert len(fill(other)) == MOST - 1


def test_a_process_that_starts_after_the_kill_frees_them_too(database_url: str) -> None:
    with holding_process(database_url, SESSION) as killed:
        killed.kill()
        killed.wait()
        with places_at(database_url) as other:
            wait_until(lambda: fill(other) != [], FREE_SECONDS)


def test_a_stopped_process_keeps_its_places(database_url: str) -> None:
    """It still has its connections to the mail server. `holding_process` starts it in `interruptible_children()`."""
    with holding_process(database_url, SESSION) as stopped, places_at(database_url) as other:
        stopped.send_signal(signal.SIGSTOP)
        check_none_is_free(other)
        stopped.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_process_whose_session_the_server_ends_takes_its_lock_anew(database_url: str) -> None:
    end_sessions = text(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid > 0 AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with places_at(database_url) as places, places_at(database_url) as other:
        taken = fill(places)
        other.take(PlaceKind.SEND, SESSION)
        for _ in range(3):
            with places._database.reading() as rows:
                assert len(rows.execute(end_sessions).all()) == 2
            check_none_is_free(other)
        assert all(places.holds(place) for place in taken)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lock_that_a_pooler_has_dropped_is_taken_anew(database_url: str) -> None:
    """The connection to the pooler goes on, so only a look at the lock tells."""
    with places_at(database_url) as places, places_at(database_url) as other:
        fill(places)
        other.take(PlaceKind.SEND, SESSION)
        assert places._own is not None
        assert isinstance(places._own._locks, AdvisoryLocks)
        places._own._locks._connection.execute("SELECT pg_advisory_unlock_all()")
        check_none_is_free(other)


@pytest.mark.thorough
def test_a_server_that_starts_again_takes_nobodys_places() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(run_postgresql())
        url = server.new_database()
        places, other = (stack.enter_context(places_at(url)) for _ in range(2))
        taken = fill(places)
        assert fill(other) == []
        server.stop()
        # Nobody could tell it from a dead process now, so its idle connections are closed.
        wait_until(lambda: not places.holds(taken[0]), PATIENCE_SECONDS)
        server.start()
        wait_until(lambda: places.holds(taken[0]), PATIENCE_SECONDS)
        check_none_is_free(other)
        assert all(places.holds(place) for place in taken)


def test_a_process_that_can_hold_no_lock_lives_by_its_lease(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server may have no connection left for it."""
    with places_at(database_url) as places, places_at(database_url) as other:
        fill(places)
        assert fill(other) == []
        own = places._own
        assert own is not None
        assert own._locks is not None
        with monkeypatch.context() as patch:
            patch.setattr(type(own._locks), "find_free", _refuse_to(own._locks, type(own._locks).find_free))
            own._locks.close()
            check_none_is_free(other)
            with places._database.reading() as rows:
                locks = list(rows.execute(select(PROCESS.c.lock)).scalars())
            assert sorted(lock is None for lock in locks) == [False, True]
            assert not own.is_in_doubt
        wait_until(lambda: own._has_lock, PATIENCE_SECONDS)


def _refuse_to(refused: object, find_free: Callable[..., set[int]]) -> Callable[..., set[int]]:
    def find(locks: object, numbers: object) -> set[int]:
        if locks is refused:
            raise DatabaseUnavailable
        return find_free(locks, numbers)

    return find


def test_a_process_that_was_believed_dead_holds_none_of_its_places(database_url: str) -> None:
    with places_at(database_url) as places, places_at(database_url) as other:
        taken = fill(places)
        assert places._own is not None
        with places._database.transaction() as rows:
            module._delete(rows, places._own.id)
        assert len(fill(other)) == MOST
        wait_until(lambda: not places.holds(taken[0]), FREE_SECONDS)
        assert fill(places) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_file_of_locks_may_be_deleted(database_url: str) -> None:
    file = Path(f"{database_url}-processes")
    with places_at(database_url) as places, places_at(database_url) as other:
        fill(places)
        other.take(PlaceKind.SEND, SESSION)
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.stat().st_size == 0
        file.unlink()
        check_none_is_free(other)
        assert file.exists()


def test_a_number_is_free_when_its_holder_ends(database_url: str) -> None:
    with closing(SCHEMA.open(database_url)) as database:
        locks, other = locks_of(database, 2**61 + 3), locks_of(database, 5)
        assert locks is not None
        assert other is not None
        locks.find_free([])
        assert other.find_free([2**61 + 3, 2**61 + 4, 4]) - {5} == {2**61 + 4, 4}
        assert other.find_free([5, 2**61 + 3]) == set()
        locks.close()
        wait_until(lambda: other.find_free([2**61 + 3]) == {2**61 + 3}, PATIENCE_SECONDS)
        other.close()
