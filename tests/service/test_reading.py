"""A database that is only looked at, or refused, stays as it is: each file of its folder, byte for byte."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sealwax.service import Database, DatabaseRefused, DatabaseUnavailable
from sealwax.service.database import Access
from sealwax.service.faults import Fault
from sealwax.service.schema import SchemaStatus
from tests.support.databases.versions_of import later_schema, schema_at
from tests.support.file_states import files_of
from webbridge.database import SCHEMA

NAME = "one.sqlite"
# In a process of its own, because a process that closes a file loses its locks on it.
READ = """
import sys
from webbridge.database import SCHEMA
state = SCHEMA.state(sys.argv[1])
print(state.status.name, state.revision)
"""
WRITE = """
import os, sys
from sealwax.service import Database
from sqlalchemy import text
database = Database(sys.argv[1])
with database.transaction() as rows:
    rows.execute(text("INSERT INTO setting VALUES ('in the log', x'00')"))
print("written", flush=True)
sys.stdin.read()
os._exit(0)
"""


def make_older(path: Path) -> None:
    schema_at(SCHEMA, "bridge_0001", path.parent.parent / "older").upgrade(path)


def make_newer(path: Path) -> None:
    later_schema(SCHEMA, "session", path.parent.parent / "newer").upgrade(path)


def make_between_releases(path: Path) -> None:
    SCHEMA.upgrade(path)
    with closing(sqlite3.connect(path)) as rows:
        rows.execute("UPDATE alembic_version SET version_num = 'bridge_0010'")
        rows.commit()
    path.chmod(0o644)


def make_of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as rows:
        rows.execute("CREATE TABLE t (x)")
        rows.commit()
    path.chmod(0o664)


def make_text(path: Path) -> None:
    path.write_text("This is no database. " * 100)
    path.chmod(0o644)


@contextmanager
def writer(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the database open, and has written to its log."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE, str(folder / NAME)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == "written\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def read_in_a_process(folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", READ, str(folder / NAME)], capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (SCHEMA.upgrade, SchemaStatus.CURRENT),
        (make_older, SchemaStatus.OLDER),
        (make_between_releases, SchemaStatus.BETWEEN_RELEASES),
        (make_newer, SchemaStatus.NEWER),
        (make_of_another_program, SchemaStatus.OF_ANOTHER_SERVICE),
        (Path.touch, SchemaStatus.EMPTY),
    ],
)
def test_the_state_of_a_database_is_read_without_any_change(
    folder: Path, make: Callable[[Path], None], status: SchemaStatus
) -> None:
    make(folder / NAME)
    before = files_of(folder)
    assert SCHEMA.state(folder / NAME).status is status
    assert files_of(folder) == before


def test_a_database_is_read_without_any_change_while_a_process_writes_and_after_it_was_killed(folder: Path) -> None:
    SCHEMA.upgrade(folder / NAME)
    with writer(folder):
        before = files_of(folder)
        assert {f"{NAME}-wal", f"{NAME}-shm"} < set(before)
        assert read_in_a_process(folder).startswith("CURRENT")
        assert files_of(folder) == before
    assert read_in_a_process(folder).startswith("CURRENT")
    assert files_of(folder) == before
    with closing(Database(folder / NAME, access=Access.READING)) as database, database.reading() as rows:
        assert rows.exec_driver_sql("SELECT name FROM setting").scalars().all() == ["in the log"]
    assert files_of(folder) == before


def test_a_log_that_cannot_be_read_without_a_change_is_left_alone(folder: Path) -> None:
    SCHEMA.upgrade(folder / NAME)
    with writer(folder):
        pass
    (folder / f"{NAME}-shm").unlink()
    before = files_of(folder)
    with pytest.raises(DatabaseUnavailable):
        SCHEMA.state(folder / NAME)
    assert files_of(folder) == before


def test_a_database_that_is_read_cannot_be_written(folder: Path) -> None:
    SCHEMA.upgrade(folder / NAME)
    before = files_of(folder)
    with (
        closing(Database(folder / NAME, access=Access.READING)) as database,
        pytest.raises(DatabaseUnavailable),
        database.transaction() as rows,
    ):
        rows.exec_driver_sql("DELETE FROM session")
    assert files_of(folder) == before


@pytest.mark.parametrize(
    "make", [make_between_releases, make_newer, make_of_another_program, make_text, os.mkfifo, Path.mkdir]
)
@pytest.mark.parametrize("use", [SCHEMA.open, SCHEMA.upgrade, SCHEMA.downgrade_one_step])
def test_a_file_that_is_refused_stays_as_it_is(
    folder: Path, make: Callable[[Path], None], use: Callable[[Path], object]
) -> None:
    make(folder / NAME)
    before = files_of(folder)
    with pytest.raises((DatabaseRefused, DatabaseUnavailable)):
        use(folder / NAME)
    assert files_of(folder) == before


def test_a_step_back_that_is_refused_changes_no_database_of_another_program(folder: Path) -> None:
    make_of_another_program(folder / NAME)
    before = files_of(folder)
    with pytest.raises(DatabaseRefused, match="a database of its own"):
        SCHEMA.downgrade_one_step(folder / NAME)
    assert files_of(folder) == before


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_link_beside_a_database_leads_to_no_other_file(folder: Path, suffix: str) -> None:
    SCHEMA.upgrade(folder / NAME)
    other = folder.parent / "other"
    other.write_text("of somebody else")
    other.chmod(0o644)
    (folder / f"{NAME}{suffix}").symlink_to(other)
    with pytest.raises(DatabaseUnavailable) as refused:
        SCHEMA.open(folder / NAME)
    assert refused.value.fault is Fault.DENIED
    assert (other.read_text(), oct(other.stat().st_mode & 0o777)) == ("of somebody else", "0o644")
