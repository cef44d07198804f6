"""The tables of a service's database, version by version: each start of the program brings the database up to date.

The steps are Alembic migrations in the folder `versions` of the service's package. All steps of an upgrade are one
transaction, so an interrupted upgrade leaves the old state.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from sealwax.service.database import Access, Database, DatabaseUnavailable, file_of, is_missing
from sealwax.service.faults import Fault

UPGRADE_SECONDS: Final = 300.0  # The longest wait for a database that another process upgrades.
_RETRY_SECONDS: Final = 0.5
# A database server on another machine may start later than this program.
_PASSING: Final = (Fault.BUSY, Fault.UNREACHABLE)
_LOCK_NUMBER: Final = 0x5EA1_3A50  # The upgrade's number among the advisory locks of PostgreSQL.
# Alembic's `op` is one object for the whole process.
_one_migration: Final = threading.Lock()


class DatabaseRefused(Exception):
    """The database belongs to another version or to another service. The text is for the operator."""


class SchemaStatus(Enum):
    """The relation of a database to this version of the program."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    BETWEEN_RELEASES = "between releases"
    NEWER = "newer"
    OF_ANOTHER_SERVICE = "of another service"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """The revision of a database (None if it names none), and the newest revision that this program knows."""

    status: SchemaStatus
    revision: str | None
    newest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The versions of one service's tables. `package` is the folder that contains `versions`.

    Revisions are named "<service>_0001", so no service uses the database of another. Each release has one revision.
    Builds between two releases had other revisions, with lower numbers than the newest. The first release wrote no
    revision. Its databases are recognised by `first_tables`, the tables with the names of their columns.
    """

    service: str
    package: Path
    first_tables: Mapping[str, frozenset[str]]

    def open(self, url: str | Path, *, wait_seconds: float = UPGRADE_SECONDS) -> Database:
        """Return the database at a path or URL, with its tables brought up to date.

        `wait_seconds` is the longest wait for a database that does not answer yet, or that another process upgrades.
        Raises DatabaseRefused, DatabaseUnavailable, or ValueError for a wrong URL.
        """
        self._look_at(url)
        database = Database(url)
        try:
            self._upgrade(database, wait_seconds)
            # A process that was killed may have left deleted rows in the write-ahead log.
            database.erase_deleted()
        except BaseException:
            database.close()
            raise
        return database

    def upgrade(self, url: str | Path) -> None:
        """Bring the tables up to date.

        Raises the errors of `open`, but does not wait for a server that does not answer.
        """
        self.state(url)
        self.open(url).close()

    def downgrade_one_step(self, url: str | Path) -> None:
        """Undo the latest migration, for a return to the version of the program before that migration.

        A database that is refused is not changed. Raises DatabaseRefused or DatabaseUnavailable.
        """
        self._check_step_back(self.state(url))
        with closing(Database(url)) as database, _one_migration, database.transaction() as rows:
            _wait_for_other_processes(rows)
            self._check_step_back(self._state(rows))
            self._run(rows, lambda script, revision: script._downgrade_revs("-1", revision))

    def state(self, url: str | Path) -> DatabaseState:
        """Return the state of the database at a path or URL. The database does not change by a single byte.

        Raises DatabaseUnavailable.
        """
        if is_missing(url):
            return DatabaseState(status=SchemaStatus.EMPTY, revision=None, newest=self._newest())
        with closing(Database(url, access=Access.READING)) as database, database.reading() as rows:
            return self._state(rows)

    def is_usable(self, database: Database) -> bool:
        """Return whether an open database answers and has the tables of this program. Raises DatabaseUnavailable.

        A newer version may upgrade the database while this program runs. An upgrade only adds to the tables. So the
        processes of two versions can run at the same time.
        """
        with database.reading() as rows:
            return self._state(rows).status in (SchemaStatus.CURRENT, SchemaStatus.NEWER)

    def _look_at(self, url: str | Path) -> None:
        """Raise an error for a file that is no database, or that `_check` refuses, before anything in it changes."""
        if file_of(url) is None:
            return
        try:
            self._check(self.state(url))
        except DatabaseUnavailable as error:
            # Other failures may be temporary, because another process may be making the database now.
            if error.fault is Fault.NO_DATABASE:
                raise

    def _upgrade(self, database: Database, wait_seconds: float) -> None:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                with database.reading() as rows:
                    state = self._state(rows)
                self._check(state)
                if state.status is SchemaStatus.CURRENT:
                    return
                with _one_migration, database.transaction() as rows:
                    _wait_for_other_processes(rows)
                    # Another process may have upgraded the database in the meantime, perhaps to a newer version.
                    self._check(self._state(rows))
                    self._run(rows, lambda script, revision: script._upgrade_revs("head", revision))
            except DatabaseUnavailable as error:
                if error.fault not in _PASSING or time.monotonic() > deadline:
                    raise
                time.sleep(_RETRY_SECONDS)
            else:
                return

    def _state(self, rows: Connection) -> DatabaseState:
        newest = self._newest()
        revisions = _revisions_in(rows)
        # No service of Sealwax writes more than one revision into its database.
        status = self._status(rows, *revisions) if len(revisions) <= 1 else SchemaStatus.OF_ANOTHER_SERVICE
        if status is SchemaStatus.OF_ANOTHER_SERVICE and _revisions_in(rows) != revisions:
            # Another process has upgraded the database since the revisions were read.
            return self._state(rows)
        return DatabaseState(status=status, revision=" and ".join(revisions) or None, newest=newest)

    def _status(self, rows: Connection, revision: str | None = None) -> SchemaStatus:
        if revision is None and not _tables_in(rows):
            return SchemaStatus.EMPTY
        if revision is not None and not revision.startswith(f"{self.service}_"):
            return SchemaStatus.OF_ANOTHER_SERVICE
        known = [step.revision for step in self._script().walk_revisions()]
        if revision is None or (revision == known[-1] and revision != known[0]):
            return SchemaStatus.OLDER if self._has_first_tables(rows) else SchemaStatus.OF_ANOTHER_SERVICE
        if revision not in known:
            # The numbers have four digits, so the names are in the order of the numbers.
            return SchemaStatus.BETWEEN_RELEASES if revision < known[0] else SchemaStatus.NEWER
        return SchemaStatus.CURRENT if revision == known[0] else SchemaStatus.OLDER

    def _has_first_tables(self, rows: Connection) -> bool:
        """Return whether a database has only tables of the first release.

        The first release made its tables one by one, so some may be missing.
        """
        tables = _tables_in(rows)
        return tables <= self.first_tables.keys() and all(
            {column["name"] for column in inspect(rows).get_columns(name)} == self.first_tables[name] for name in tables
        )

    def _check_step_back(self, state: DatabaseState) -> None:
        self._check(state)
        if state.revision is None:
            raise DatabaseRefused("The database has no step to go back: no migration has run on it.")

    def _check(self, state: DatabaseState) -> None:
        content = "tables of another program" if state.revision is None else f"revision {state.revision}"
        refusals = {
            SchemaStatus.BETWEEN_RELEASES: (
                f"A build between two releases has made this database (revision {state.revision}), and this program"
                " cannot upgrade it: keep it for that build, and name a new database by the setting database."
            ),
            SchemaStatus.NEWER: (
                f"The database has revision {state.revision}, and this program knows revisions up to {state.newest}:"
                " a newer version of Sealwax has written it. Start that version, or run its command step-back."
            ),
            SchemaStatus.OF_ANOTHER_SERVICE: (
                f"The database belongs to another service: it has {content}. Give each service a database of its own."
            ),
        }
        if state.status in refusals:
            raise DatabaseRefused(refusals[state.status])

    def _run(self, rows: Connection, steps: Any) -> None:
        script = self._script()
        options = {"fn": lambda revision, _context: steps(script, revision), "transactional_ddl": True}
        context = MigrationContext.configure(rows, opts=options)
        with Operations.context(context):
            context.run_migrations()

    def _newest(self) -> str:
        newest = self._script().get_current_head()
        if newest is None:
            raise RuntimeError(f"no migrations in {self.package}")
        return newest

    def _script(self) -> ScriptDirectory:
        return ScriptDirectory(str(self.package))


def _revisions_in(rows: Connection) -> tuple[str, ...]:
    return MigrationContext.configure(rows).get_current_heads()


def _tables_in(rows: Connection) -> set[str]:
    """The names of a database's tables except the revision's table. For an SQLite file, also the names of its views."""
    inspector = inspect(rows)
    # An extension of PostgreSQL puts views of its own into an empty database.
    views = inspector.get_view_names() if rows.dialect.name == "sqlite" else []
    return {*inspector.get_table_names(), *views} - {"alembic_version"}


def _wait_for_other_processes(rows: Connection) -> None:
    """Lock the upgrade on PostgreSQL until the end of the transaction. On SQLite, BEGIN IMMEDIATE has the lock."""
    if rows.dialect.name == "postgresql":
        rows.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
