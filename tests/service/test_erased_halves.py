"""The server's half of a session's key is in no file of an SQLite database when the session is over."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from sealwax.service import Announcements, Database, database as database_module
from tests.support.clock import FakeClock
from tests.support.databases.release_0_1 import write_empty_database
from tests.support.servers.mailboxes import SOMEWHERE, accounts_at, login_at
from webbridge.database import SCHEMA
from webbridge.database.tables import SESSION
from webbridge.login.sessions import SessionStore
from webbridge.places.kinds import PlaceKind
from webbridge.places.processes import LEASE_SECONDS, RENEW_SECONDS
from webbridge.places.shared import SharedPlaces

IDLE_SECONDS = 900
DIES_BEFORE_IT_ERASES = """
import os, signal, sys
from sqlalchemy import delete
from webbridge.database import SCHEMA
from webbridge.database.tables import SESSION

database = SCHEMA.open(sys.argv[1])
with database.transaction(durable=False) as rows:
    rows.execute(delete(SESSION))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.sqlite"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = SCHEMA.open(path)
    yield database
    database.close()


def sessions_in(database: Database, clock: FakeClock) -> SessionStore:
    accounts = accounts_at(SOMEWHERE)
    return SessionStore(database, accounts=accounts, idle_seconds=IDLE_SECONDS, absolute_seconds=43_200, clock=clock)


def half_in(database: Database) -> bytes:
    with database.reading() as rows:
        return bytes(rows.execute(select(SESSION.c.server_half)).scalar_one())


def files_with(half: bytes, path: Path) -> list[str]:
    return [file.name for file in path.parent.iterdir() if half in file.read_bytes()]


def test_a_session_that_was_ended_leaves_nothing(database: Database, path: Path, clock: FakeClock) -> None:
    sessions = sessions_in(database, clock)
    cookie, _ = sessions.create(login_at(SOMEWHERE), origin="", program="")
    half = half_in(database)
    assert files_with(half, path)
    sessions.end(cookie)
    assert files_with(half, path) == []


def test_a_session_whose_time_is_over_leaves_nothing(database: Database, path: Path, clock: FakeClock) -> None:
    sessions = sessions_in(database, clock)
    sessions.create(login_at(SOMEWHERE), origin="", program="")
    half = half_in(database)
    clock.advance(seconds=IDLE_SECONDS)
    sessions.end_expired()
    assert files_with(half, path) == []


def test_a_process_looks_for_sessions_whose_time_is_over(database: Database, path: Path, clock: FakeClock) -> None:
    places, sessions = SharedPlaces(database, Announcements(database), clock=clock), sessions_in(database, clock)
    places.also_look_after(sessions.end_expired)
    places.take(PlaceKind.IMAP, "session")
    sessions.create(login_at(SOMEWHERE), origin="", program="")
    half = half_in(database)
    clock.advance(seconds=IDLE_SECONDS + RENEW_SECONDS)
    places.look_after()
    places.close()
    assert files_with(half, path) == []


def test_a_reader_delays_it_until_the_next_look(
    database: Database, path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup may read for long. Nobody waits for it."""
    sessions = sessions_in(database, clock)
    cookie, _ = sessions.create(login_at(SOMEWHERE), origin="", program="")
    half = half_in(database)
    monkeypatch.setattr(database_module, "_ERASE_MILLISECONDS", 10)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM session").fetchall()
        sessions.end(cookie)
        assert files_with(half, path)
    database.erase_left()
    assert files_with(half, path) == []


def test_a_process_that_was_killed_before_it_erased_leaves_nothing_after_the_next_start(
    database: Database, path: Path, clock: FakeClock
) -> None:
    """Another process has the database open, so that the log is not emptied by itself."""
    sessions_in(database, clock).create(login_at(SOMEWHERE), origin="", program="")
    half = half_in(database)
    die_before_erasing(path)
    assert files_with(half, path)
    started = SCHEMA.open(path)
    assert files_with(half, path) == []
    started.close()


def test_another_process_erases_for_one_that_was_killed(database: Database, path: Path, clock: FakeClock) -> None:
    killed, other = (SharedPlaces(database, Announcements(database), clock=clock) for _ in range(2))
    killed.take(PlaceKind.IMAP, "session")
    sessions_in(database, clock).create(login_at(SOMEWHERE), origin="", program="")
    half = half_in(database)
    die_before_erasing(path)
    clock.advance(seconds=LEASE_SECONDS)
    other.take(PlaceKind.IMAP, "session")
    other.look_after()
    assert files_with(half, path) == []
    for places in (killed, other):
        places.close()


def die_before_erasing(path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", DIES_BEFORE_IT_ERASES, str(path)], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL


def test_an_upgrade_leaves_nothing_of_a_session_that_is_over(path: Path, clock: FakeClock) -> None:
    half = os.urandom(32)
    write_empty_database(SCHEMA, path)
    with closing(sqlite3.connect(path)) as rows:
        row = ("id", "alice@example.test", "imap.example.test", half, b"nonce", b"sealed", 1.0, 2)
        rows.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        rows.commit()
    assert files_with(half, path)
    database = SCHEMA.open(path)
    sessions_in(database, clock).end_expired()
    assert files_with(half, path) == []
    database.close()
