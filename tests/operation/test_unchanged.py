"""Commands that promise to change nothing leave each file of configuration, secrets and database as it is."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.operation.conftest import RunCommand
from tests.support.file_states import files_of
from tests.support.servers.root_commands import TICKET_KEY

LEAVE_LOG: Final = """
import os, sqlite3, sys
rows = sqlite3.connect(sys.argv[1])
rows.execute("CREATE TABLE in_the_log (x)")
os._exit(0)
"""


def keep(_: Path) -> None:
    """The database of this version, as a service leaves it."""


def leave_log(database: Path) -> None:
    """The database as a service leaves it that was killed."""
    subprocess.run([sys.executable, "-c", LEAVE_LOG, str(database)], check=True)
    assert database.with_name(f"{database.name}-wal").stat().st_size > 0


def make_text(database: Path) -> None:
    database.unlink()
    database.write_text("This is no database. " * 100)
    database.chmod(0o644)


def make_of_another_program(database: Path) -> None:
    database.unlink()
    with closing(sqlite3.connect(database)) as rows:
        rows.execute("CREATE TABLE t (x)")
    database.chmod(0o664)


def make_between_releases(database: Path) -> None:
    with closing(sqlite3.connect(database)) as rows:
        rows.execute(
            "UPDATE alembic_version SET version_num = substr(version_num, 1, length(version_num) - 4) || '0010'"
        )
        rows.commit()


def remove(database: Path) -> None:
    database.unlink()


SAID: Final = {
    keep: "it answers, with revision",
    leave_log: "it answers, with revision",
    make_text: "the file is no SQLite database",
    make_of_another_program: "it has tables without a revision",
    make_between_releases: "a build between two releases has made it",
    remove: "data.sqlite is missing",
}


@pytest.mark.parametrize("service", ["bridge", "keys"])
@pytest.mark.parametrize("make", SAID)
def test_check_audit_and_a_step_back_that_is_refused_change_nothing(
    run: RunCommand, tmp_path: Path, service: str, make: Callable[[Path], None]
) -> None:
    file, database = tmp_path / f"{service}.toml", tmp_path / "state" / "data.sqlite"
    ticket = ["--ticket-key", TICKET_KEY] if service == "keys" else []
    assert run([service, "init", "-c", str(file), "--database", str(database), *ticket])["code"] == 0
    make(database)
    before = files_of(tmp_path)
    verbs = ["check"] if make in (keep, leave_log) else ["check", "step-back"]
    verbs += ["audit"] if service == "keys" else []
    for verb in verbs:
        done = run([service, verb, "-c", str(file)])
        assert "Traceback" not in done["output"]
        assert files_of(tmp_path) == before, verb
        if verb == "check":
            assert SAID[make] in done["output"]
        elif verb == "step-back":
            assert done["code"] == 2


def test_a_database_that_is_none_is_refused_by_init_too_and_stays_as_it_is(run: RunCommand, tmp_path: Path) -> None:
    file, database = tmp_path / "bridge.toml", tmp_path / "state" / "text"
    database.parent.mkdir()
    database.write_text("This is no database. " * 100)
    database.chmod(0o644)
    before = files_of(database.parent)
    done = run(["bridge", "init", "-c", str(file), "--database", str(database)])
    assert done["code"] == 2
    assert "the file is no SQLite database" in done["output"]
    assert files_of(database.parent) == before
