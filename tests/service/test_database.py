"""A service's database: its transactions, its files, its URLs, and its failures."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from sealwax.service import Database, DatabaseUnavailable, create_application, database as database_module
from sealwax.service.database import file_of
from tests.support.databases.postgresql import Postgresql
from webbridge.database import SCHEMA
from webbridge.database.secret import SECRET_BYTES, bridge_secret

ORIGIN = "http://127.0.0.1:8300"
UNREACHABLE = "postgresql://sealwax:not-for-logs@127.0.0.1:1/sealwax?password=not-for-logs"


def add(rows: Connection, *names: str | None) -> None:
    for name in names:
        rows.execute(text("INSERT INTO setting VALUES (:name, x'00')"), {"name": name})


def fill(rows: Connection) -> None:
    """Add a row, and one for which there is no room."""
    add(rows, "half")
    pages = rows.execute(text("PRAGMA page_count")).scalar_one()
    rows.execute(text(f"PRAGMA max_page_count = {pages}"))
    rows.execute(text("INSERT INTO setting VALUES ('large', zeroblob(1000000))"))


def settings(database: Database) -> list[str]:
    with database.reading() as rows:
        return list(rows.execute(text("SELECT name FROM setting")).scalars())


@pytest.mark.parametrize("make", [lambda _: ":memory:", lambda path: str(path / "one.sqlite")])
def test_a_transaction_that_fails_leaves_nothing_and_blocks_no_later_one(
    tmp_path: Path, make: Callable[[Path], str]
) -> None:
    database = SCHEMA.open(make(tmp_path))
    with pytest.raises(IntegrityError), database.transaction() as rows:
        add(rows, "half", None)
    assert settings(database) == []
    with database.transaction() as rows:
        add(rows, "whole")
    assert settings(database) == ["whole"]
    database.close()


def test_every_file_of_a_database_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "one.sqlite"
    path.touch(0o644)
    database = SCHEMA.open(path)
    bridge_secret(database)
    names = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
    database.close()
    assert names == {f"one.sqlite{suffix}": "0o600" for suffix in ("", "-wal", "-shm")}


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("/var/lib/a b?.sqlite", "/var/lib/a b?.sqlite"),
        ("kept.sqlite", "kept.sqlite"),
        ("sqlite:////var/lib/kept.sqlite", "/var/lib/kept.sqlite"),
        ("sqlite:///kept.sqlite", "kept.sqlite"),
        (":memory:", None),
        ("sqlite://", None),
        (UNREACHABLE, None),
    ],
)
def test_a_path_or_a_url_names_the_database(url: str, file: str | None) -> None:
    assert file_of(url) == (None if file is None else Path(file))


@pytest.mark.parametrize("url", ["mysql://root:not-for-logs@host/name", "postgresql://a:not-for-logs@host:port/name"])
def test_another_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"neither a path nor a URL") as refused:
        Database(url)
    assert "not-for-logs" not in str(refused.value)


def test_the_secret_is_made_once_and_is_the_same_for_all_processes(tmp_path: Path) -> None:
    secrets = set()
    for _ in range(2):
        database = SCHEMA.open(tmp_path / "one.sqlite")
        secrets.add(bridge_secret(database))
        database.close()
    assert [len(secret) for secret in secrets] == [SECRET_BYTES]


def test_a_database_that_is_gone_is_one_answer_without_its_password(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    database = Database(UNREACHABLE)
    app = create_application("service", ORIGIN, proxies=0)

    @app.get("/")
    def read() -> str:
        with database.transaction() as rows:
            return str(rows.execute(text("SELECT 1")).scalar_one())

    answer = app.test_client().get("/", base_url=ORIGIN)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.get_json()["code"] == "database-unavailable"
    assert "unavailable: OperationalError" in caplog.text
    assert "not-for-logs" not in caplog.text + answer.text + repr(database)


def test_connections_that_the_server_has_ended_are_replaced_before_they_are_used(postgresql: Postgresql) -> None:
    database = SCHEMA.open(postgresql.new_database())
    process = text("SELECT pg_backend_pid()")
    with database.reading() as first_rows, database.reading() as second_rows:
        before = {rows.execute(process).scalar_one() for rows in (first_rows, second_rows)}
    with closing(database.own_connection()) as other:
        for number in before:
            # Waits until the process has ended.
            assert other.execute("SELECT pg_terminate_backend(%s, 10000)", [number]).fetchone() == (True,)
    with database.reading() as first_rows, database.reading() as second_rows:
        assert before.isdisjoint(rows.execute(process).scalar_one() for rows in (first_rows, second_rows))
    database.close()


@pytest.mark.parametrize("read", ["transaction", "reading"])
def test_a_locked_database_is_unavailable_and_then_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)
    database = SCHEMA.open(tmp_path / "one.sqlite")
    other = sqlite3.connect(tmp_path / "one.sqlite", isolation_level=None)
    if read == "transaction":
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable), database.transaction():
            pass
    else:
        # Readers do not wait for a writer.
        other.execute("BEGIN IMMEDIATE")
        assert settings(database) == []
    other.close()
    with database.transaction() as rows:
        add(rows, "after")
    database.close()


def test_a_full_disk_is_unavailable_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    database = SCHEMA.open(tmp_path / "one.sqlite")
    with pytest.raises(DatabaseUnavailable), database.transaction() as rows:
        fill(rows)
    assert settings(database) == []
    database.close()


def test_a_damaged_file_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "one.sqlite"
    path.write_bytes(b"This is no database. " * 1_000)
    with pytest.raises(DatabaseUnavailable):
        Database(path)
