"""The connections of a session go to the process that needs one, and none stays open for nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.support.databases.postgresql import run_postgresql
from tests.support.servers.mailboxes import login_at
from tests.support.servers.pools import NewPool
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.gateway import ConnectionPool, Credentials, MailConnection
from webbridge.places import keeper

pytestmark = pytest.mark.server

PATIENCE_SECONDS = 30


def is_alive(connection: MailConnection) -> bool:
    return connection.is_alive()


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


class Holding:
    """Calls of one process that hold their connections until they are released."""

    def __init__(self, threads: ThreadPoolExecutor, pool: ConnectionPool, login: Credentials, count: int) -> None:
        self._releases = [threading.Event() for _ in range(count)]
        started = threading.Semaphore(0)

        def hold(release: threading.Event) -> Callable[[MailConnection], bool]:
            def call(connection: MailConnection) -> bool:
                started.release()
                return release.wait(PATIENCE_SECONDS) and connection.is_alive()

            return call

        self._calls: list[Future[bool]] = [
            threads.submit(pool.run, "session", login, hold(release)) for release in self._releases
        ]
        for _ in range(count):
            assert started.acquire(timeout=PATIENCE_SECONDS)

    def release(self, count: int) -> None:
        for _ in range(count):
            self._releases.pop().set()
            assert self._calls.pop().result(PATIENCE_SECONDS)


def test_idle_connections_of_others_go_to_the_process_that_has_none(
    memory_server: MemoryMailServer, database_url: str, new_pool: NewPool
) -> None:
    login = login_at(memory_server.address)
    first, second, third = (new_pool(database_url, wait_seconds=PATIENCE_SECONDS) for _ in range(3))
    with ThreadPoolExecutor(4) as threads:
        for pool in (first, second):
            Holding(threads, pool, login, 2).release(2)
        assert third.run("session", login, is_alive)
        # A process that has one, but for a long time, gets another.
        holding = Holding(threads, third, login, 1)
        assert third.run("session", login, is_alive)
        holding.release(1)


def test_a_connection_in_use_goes_to_another_process_before_a_waiting_call_of_its_own(
    memory_server: MemoryMailServer, database_url: str, new_pool: NewPool
) -> None:
    login = login_at(memory_server.address)
    busy, other = (new_pool(database_url, wait_seconds=PATIENCE_SECONDS) for _ in range(2))
    with ThreadPoolExecutor(8) as threads:
        holding = Holding(threads, busy, login, 4)
        state = busy._slots._rooms["session"]
        waiting = Holding.__new__(Holding)
        here = threads.submit(Holding.__init__, waiting, threads, busy, login, 1)
        wait_until(lambda: state.waiting == 1)
        there = threads.submit(other.run, "session", login, is_alive)
        wait_until(lambda: state.wished_until > 0)
        holding.release(1)
        assert there.result(PATIENCE_SECONDS)
        holding.release(3)
        here.result(PATIENCE_SECONDS)
        waiting.release(1)


def test_an_idle_connection_closes_without_another_call(
    memory_server: MemoryMailServer, new_pool: NewPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.02)
    seconds = [0.0]
    pool = new_pool(monotonic=lambda: seconds[0])
    idle_connection = pool.run("session", login_at(memory_server.address), lambda connection: connection)
    assert idle_connection.is_alive()
    seconds[0] = 121.0
    wait_until(lambda: not pool._slots._rooms)
    assert not idle_connection.is_alive()


@pytest.mark.thorough
def test_a_process_that_cannot_show_that_it_lives_closes_its_idle_connections(
    memory_server: MemoryMailServer, new_pool: NewPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may have taken their places by now."""
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.1)
    with run_postgresql() as server:
        pool, login = new_pool(server.new_database()), login_at(memory_server.address)
        idle_connection = pool.run("session", login, lambda connection: connection)
        assert idle_connection.is_alive()
        server.stop()
        wait_until(lambda: not pool._slots._rooms)
        assert not idle_connection.is_alive()
        server.start()
        wait_until(lambda: not pool._slots._places._begin().is_in_doubt)
        assert pool.run("session", login, is_alive)


def test_a_process_that_lost_its_lease_closes_its_connections(
    memory_server: MemoryMailServer, new_pool: NewPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may use their places already."""
    pool = new_pool()
    login = login_at(memory_server.address)

    def lose_the_lease(connection: MailConnection) -> MailConnection:
        own = pool._slots._places._own
        assert own is not None
        monkeypatch.setattr(own, "id", "another")
        return connection

    assert not pool.run("session", login, lose_the_lease).is_alive()
