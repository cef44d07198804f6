"""Databases of earlier versions are brought up to date with their data, and one step back; newer ones are refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, inspect, text

from roaming_keys.server.accounts.store import Store
from roaming_keys.server.database import SCHEMA as KEYS_SCHEMA
from roaming_keys.server.database.tables import TABLES as KEYS_TABLES
from roaming_keys.server.limits import KINDS, LoginLimits
from sealwax.service import Database, DatabaseRefused, LeakyCounter, Schema, TryLater
from sealwax.service.schema import SchemaStatus
from tests.support.clock import FakeClock
from tests.support.databases.audit_trails import RING
from tests.support.databases.release_0_1 import write_empty_database
from tests.support.servers.mailboxes import ALICE, SOMEWHERE, accounts_at, login_at
from webbridge.database import SCHEMA
from webbridge.database.tables import TABLES
from webbridge.login.sessions import SessionStore

SCHEMAS = [pytest.param(SCHEMA, TABLES, id="bridge"), pytest.param(KEYS_SCHEMA, KEYS_TABLES, id="keys")]


def shape(path: Path) -> dict[str, set[str]]:
    """The columns and indexes of each table."""
    database = Database(path)
    with database.reading() as rows:
        inspector = inspect(rows)
        tables = {
            table: {column["name"] for column in inspector.get_columns(table)}
            | {str(index["name"]) for index in inspector.get_indexes(table)}
            for table in inspector.get_table_names()
        }
    database.close()
    return tables


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as rows:
        return list(rows.iterdump())


@pytest.mark.parametrize(("schema", "tables"), SCHEMAS)
def test_the_migrations_make_the_tables_that_the_program_uses(schema: Schema, tables: MetaData, tmp_path: Path) -> None:
    database = schema.open(tmp_path / "one.sqlite")
    with database.reading() as rows:
        options = {"compare_type": True}
        assert compare_metadata(MigrationContext.configure(rows, opts=options), tables) == []
    database.close()
    assert schema.state(tmp_path / "one.sqlite").status is SchemaStatus.CURRENT


@pytest.mark.parametrize(("schema", "tables"), SCHEMAS)
def test_a_database_of_0_1_gets_the_same_tables_as_a_new_one(schema: Schema, tables: MetaData, tmp_path: Path) -> None:
    write_empty_database(schema, tmp_path / "earlier.sqlite")
    assert schema.state(tmp_path / "earlier.sqlite").status is SchemaStatus.OLDER
    schema.upgrade(tmp_path / "earlier.sqlite")
    schema.upgrade(tmp_path / "new.sqlite")
    assert shape(tmp_path / "earlier.sqlite") == shape(tmp_path / "new.sqlite")
    assert tables.tables.keys() <= shape(tmp_path / "new.sqlite").keys()


def test_counted_logins_of_an_earlier_version_still_count(tmp_path: Path, clock: FakeClock) -> None:
    path, at = tmp_path / "bridge.sqlite", clock().timestamp()
    write_empty_database(SCHEMA, path)
    with closing(sqlite3.connect(path)) as rows:
        rows.executemany("INSERT INTO login_attempt VALUES ('name', ?)", [(at - 1,), (at,), (at,)])
        rows.commit()
    database = SCHEMA.open(path)
    counted = LeakyCounter(database, clock, tables=TABLES, kind="login", seconds=900, refusal="Wait.")
    counted.start({"name": 4})
    with pytest.raises(TryLater):
        counted.start({"name": 4})
    database.close()


def test_failed_logins_that_the_key_server_counted_otherwise_are_forgotten(tmp_path: Path, clock: FakeClock) -> None:
    path, at = tmp_path / "keys.sqlite", clock().timestamp()
    write_empty_database(KEYS_SCHEMA, path)
    with closing(sqlite3.connect(path)) as rows:
        rows.execute("INSERT INTO failed_login VALUES (?, 7, ?, ?)", (b"name", at + 2, at))
        rows.commit()
    limits = LoginLimits(Store(path, RING).database, lambda kind, value: f"{kind} {value}".encode())
    with closing(sqlite3.connect(path)) as rows:
        assert rows.execute("SELECT * FROM counter").fetchall() == []
    for device in (None, None, b"device"):
        limits.start("alice@example.test", "192.0.2.1", device=device, at=clock())
    with closing(sqlite3.connect(path)) as rows:
        assert {kind for (kind,) in rows.execute("SELECT kind FROM counter")} == set(KINDS)
    KEYS_SCHEMA.downgrade_one_step(path)
    with closing(sqlite3.connect(path)) as rows:
        assert rows.execute("SELECT * FROM failed_login").fetchall() == []


def sessions_in(database: Database, clock: FakeClock) -> SessionStore:
    return SessionStore(
        database, accounts=accounts_at(SOMEWHERE), idle_seconds=900, absolute_seconds=3_600, clock=clock
    )


def test_a_step_back_and_forth_keeps_the_sessions(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "bridge.sqlite"
    database = SCHEMA.open(path)
    cookie, _session = sessions_in(database, clock).create(login_at(SOMEWHERE), origin="", program="")
    database.close()
    SCHEMA.downgrade_one_step(path)
    assert SCHEMA.state(path).status is SchemaStatus.OLDER
    database = SCHEMA.open(path)
    session = sessions_in(database, clock).find(cookie)
    database.close()
    assert session is not None
    assert (session.credentials.account.address, session.origin) == (ALICE, "")


def test_0_1_gets_no_session_of_an_extension(tmp_path: Path, clock: FakeClock) -> None:
    """It would take each session for one of the pages."""
    path = tmp_path / "bridge.sqlite"
    database = SCHEMA.open(path)
    for origin in ("chrome-extension://abc", ""):
        sessions_in(database, clock).create(login_at(SOMEWHERE), origin=origin, program="")
    database.close()
    SCHEMA.downgrade_one_step(path)
    with closing(sqlite3.connect(path)) as rows:
        assert rows.execute("SELECT count(*) FROM session").fetchall() == [(1,)]


def test_a_process_of_the_version_before_still_makes_sessions_of_the_pages(tmp_path: Path, clock: FakeClock) -> None:
    """An upgrade goes machine by machine, on one database."""
    path = tmp_path / "bridge.sqlite"
    database = SCHEMA.open(path)
    cookie, _session = sessions_in(database, clock).create(login_at(SOMEWHERE), origin="", program="Firefox on Linux")
    columns = "id, address, host, server_half, nonce, sealed_password, used_at, expires_at"
    with closing(sqlite3.connect(path)) as rows:
        rows.execute(f"CREATE TABLE kept AS SELECT {columns} FROM session")  # noqa: S608
        rows.execute("DELETE FROM session")
        rows.execute(f"INSERT INTO session ({columns}) SELECT {columns} FROM kept")  # noqa: S608
        rows.commit()
    session = sessions_in(database, clock).find(cookie)
    database.close()
    assert session is not None
    assert session.origin == ""


@pytest.mark.parametrize(("schema", "tables"), SCHEMAS)
def test_each_step_back_leaves_the_tables_of_that_step(schema: Schema, tables: MetaData, tmp_path: Path) -> None:
    """The last step back leads to the tables of 0.1, which had no migrations."""
    path = tmp_path / "one.sqlite"
    schema.upgrade(path)
    newest = shape(path)
    write_empty_database(schema, tmp_path / "earlier.sqlite")
    while schema.state(path).revision is not None:
        schema.downgrade_one_step(path)
    earlier = shape(path)
    earlier.pop("alembic_version")
    assert earlier == shape(tmp_path / "earlier.sqlite")
    schema.upgrade(path)
    assert shape(path) == newest
    assert tables.tables.keys() <= newest.keys()


def test_a_database_without_a_step_is_not_taken_back(tmp_path: Path) -> None:
    write_empty_database(SCHEMA, tmp_path / "one.sqlite")
    before = dump(tmp_path / "one.sqlite")
    with pytest.raises(DatabaseRefused, match="no step to go back"):
        SCHEMA.downgrade_one_step(tmp_path / "one.sqlite")
    assert dump(tmp_path / "one.sqlite") == before


@pytest.mark.parametrize(
    ("revision", "sentence", "status"),
    [
        ("bridge_9999", "newer version of Sealwax", SchemaStatus.NEWER),
        ("bridge_later", "newer version of Sealwax", SchemaStatus.NEWER),
        ("bridge_0002", "A build between two releases", SchemaStatus.BETWEEN_RELEASES),
        ("bridge_0017", "A build between two releases", SchemaStatus.BETWEEN_RELEASES),
        ("keys_0001", "another service", SchemaStatus.OF_ANOTHER_SERVICE),
    ],
)
def test_a_database_of_another_version_or_another_service_stays_as_it_is(
    tmp_path: Path, revision: str, sentence: str, status: SchemaStatus
) -> None:
    path = tmp_path / "one.sqlite"
    database = SCHEMA.open(path)
    with database.transaction() as rows:
        rows.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    database.close()
    before = dump(path)
    for refuse in (SCHEMA.open, SCHEMA.upgrade, SCHEMA.downgrade_one_step):
        with pytest.raises(DatabaseRefused, match=sentence):
            refuse(path)
    assert SCHEMA.state(path).status is status
    assert dump(path) == before


def test_the_state_of_a_file_that_is_not_there_makes_none(tmp_path: Path) -> None:
    assert SCHEMA.state(tmp_path / "one.sqlite").status is SchemaStatus.EMPTY
    assert list(tmp_path.iterdir()) == []


def test_a_step_that_fails_leaves_the_old_state(tmp_path: Path) -> None:
    """The last step has made a table and deleted another when it fails."""
    path = tmp_path / "one.sqlite"
    write_empty_database(SCHEMA, path)
    with closing(sqlite3.connect(path)) as rows:
        rows.execute("CREATE INDEX counter_by_time ON session (host)")
    before = dump(path)
    with pytest.raises(Exception, match="counter_by_time"):
        SCHEMA.upgrade(path)
    assert dump(path) == before
