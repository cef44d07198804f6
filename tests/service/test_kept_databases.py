"""The databases of bridge and key server in two kinds of trouble: a file that is in use, and a clock that was wrong."""

from __future__ import annotations

import datetime
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from roaming_keys.server.accounts.store import Store
from sealwax.lookups.cache import AnswerCache, KeptAnswer
from sealwax.service import (
    Database,
    DatabaseUnavailable,
    TryLater,
    client_network,
    client_site,
    database as database_module,
)
from tests.support.clock import FakeClock
from tests.support.databases.audit_trails import RING
from tests.support.servers.mailboxes import ALICE, SOMEWHERE, accounts_at, login_at
from webbridge.certificates.lookup_counter import MAX_PER_SESSION, LookupCounter
from webbridge.database import SCHEMA
from webbridge.login.counter import MAX_PER_ACCOUNT_AND_CLIENT, Attempt, LoginCounter
from webbridge.login.sessions import Session, SessionStore

YEARS = 10 * 366 * 86_400
ATTEMPT = Attempt(account=ALICE, client="192.0.2.1")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)
    return SCHEMA.open(tmp_path / "bridge.sqlite")


def sessions_in(database: Database, clock: FakeClock) -> SessionStore:
    accounts = accounts_at(SOMEWHERE)
    return SessionStore(database, accounts=accounts, idle_seconds=900, absolute_seconds=43_200, clock=clock)


def mode_of(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_the_bridge_works_again_after_another_process_has_locked_its_database_for_too_long(
    database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    logins = LoginCounter(database, clock=clock)
    with closing(sqlite3.connect(tmp_path / "bridge.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable):
            logins.start(ATTEMPT)
    for _ in range(MAX_PER_ACCOUNT_AND_CLIENT):
        logins.start(ATTEMPT)
    with pytest.raises(TryLater):
        logins.start(ATTEMPT)


def test_a_backup_that_reads_for_long_holds_up_no_login(database: Database, tmp_path: Path, clock: FakeClock) -> None:
    with closing(sqlite3.connect(tmp_path / "bridge.sqlite", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM counter").fetchall()
        LoginCounter(database, clock=clock).start(ATTEMPT)


def test_the_databases_are_for_their_owner_alone(database: Database, tmp_path: Path) -> None:
    Store(tmp_path / "keys.sqlite", RING)
    assert database is not None
    assert mode_of(tmp_path / "bridge.sqlite") == mode_of(tmp_path / "keys.sqlite") == "0o600"


def test_failed_logins_under_a_clock_that_was_ahead_block_nobody_afterwards(
    database: Database, clock: FakeClock
) -> None:
    logins = LoginCounter(database, clock=clock)
    clock.advance(seconds=YEARS)
    for _ in range(MAX_PER_ACCOUNT_AND_CLIENT):
        logins.start(ATTEMPT)
    clock.advance(seconds=-YEARS)
    logins.start(ATTEMPT)


def test_lookups_under_a_clock_that_was_ahead_block_nobody_afterwards(database: Database, clock: FakeClock) -> None:
    lookups = LookupCounter(database, clock=clock)
    clock.advance(seconds=YEARS)
    session = Session(id="session", credentials=login_at(SOMEWHERE), origin="")
    for _ in range(MAX_PER_SESSION):
        lookups.start(session)
    clock.advance(seconds=-YEARS)
    lookups.start(session)


def test_a_session_from_a_clock_that_was_ahead_does_not_outlive_its_hours(database: Database, clock: FakeClock) -> None:
    sessions = sessions_in(database, clock)
    clock.advance(seconds=YEARS)
    cookie, _session = sessions.create(login_at(SOMEWHERE), origin="", program="")
    clock.advance(seconds=-YEARS)
    assert sessions.find(cookie) is None


def test_a_session_lives_on_when_the_clock_is_set_back_by_seconds(database: Database, clock: FakeClock) -> None:
    sessions = sessions_in(database, clock)
    cookie, _session = sessions.create(login_at(SOMEWHERE), origin="", program="")
    clock.advance(seconds=-5)
    assert sessions.find(cookie) is not None


def test_an_answer_that_was_kept_under_a_clock_that_was_ahead_is_asked_for_again(tmp_path: Path) -> None:
    """A failure that was stored under a clock years ahead must not hide the authority's answers until that time."""
    cache = AnswerCache(tmp_path / "answers.sqlite")
    now, then = FakeClock().at, FakeClock().at + datetime.timedelta(seconds=YEARS)
    cache.keep(
        b"question", KeptAnswer(data=None, failure="unreachable"), at=then, until=then + datetime.timedelta(minutes=5)
    )
    assert cache.find(b"question", at=then) is not None
    assert cache.find(b"question", at=now) is None
    cache.close()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "192.0.2.2"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2"),
        ("2001:db8:0:1::1", "2001:db8:0:2::1"),
    ],
)
def test_nobody_waits_for_the_failures_of_another_network(one: str, other: str) -> None:
    """A listener on `[::]:443` reports IPv4 clients as IPv4-mapped IPv6 addresses, all of which are in ::/64."""
    assert client_network(one) != client_network(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8::1", "2001:db8::2"), ("fe80::1%eth0", "fe80::2")],
)
def test_one_client_is_one_network_however_it_comes(one: str, other: str) -> None:
    assert client_network(one) == client_network(other)


def test_the_networks_of_one_customer_are_one_site() -> None:
    assert client_site("2001:db8:1:2::3") == client_site("2001:db8:1:ffff::") == "2001:db8:1::/48"
    assert client_site("2001:db8:2::") != client_site("2001:db8:1::")
    assert client_site("::ffff:192.0.2.1") == client_site("192.0.2.1") != client_site("192.0.2.2")
    assert client_site(None) == "unknown"


def test_first_openings_at_once_wait_for_each_other(tmp_path: Path) -> None:
    """SQLite changes the journal mode of a new database without waiting for another that does the same."""
    for number in range(20):
        path, both = tmp_path / f"{number}.sqlite", threading.Barrier(2)

        def open_together(path: Path = path, both: threading.Barrier = both) -> None:
            both.wait(timeout=30)
            SCHEMA.open(path).close()

        with ThreadPoolExecutor(2) as pool:
            for opening in [pool.submit(open_together) for _ in range(2)]:
                opening.result()
