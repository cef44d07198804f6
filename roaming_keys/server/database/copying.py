"""Copies of the database: a backup is one SQLite file, also of a PostgreSQL database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, insert, select, text

from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import ACCOUNT, MASTER_KEY, TABLES
from sealwax.service import Database, DatabaseUnavailable

_ROWS: Final = 25  # Rows have at most 3 MB each.


def copy_database(database: Database, target: Path) -> None:
    """Write the state of the database at one moment to a new or empty file. Other writers are not delayed.

    Raises DatabaseUnavailable or DatabaseRefused.
    """
    file = database.file
    if file is not None:
        try:
            with closing(sqlite3.connect(file)) as source:
                source.execute("VACUUM INTO ?", (str(target),))
        except sqlite3.Error:
            raise DatabaseUnavailable from None
        return
    with closing(SCHEMA.open(target)) as copied, database.transaction() as source_rows:
        source_rows.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        with copied.transaction() as rows:
            copy_rows(source_rows, rows)


def copy_rows(source: Connection, target: Connection) -> None:
    """Copy the rows of all tables, which are empty in the target."""
    for table in TABLES.sorted_tables:
        result = source.execute(select(table), execution_options={"yield_per": _ROWS})
        for rows in result.mappings().partitions(_ROWS):
            target.execute(insert(table), [dict(row) for row in rows])


def is_empty(rows: Connection) -> bool:
    """Return whether a database has no accounts and belongs to no master key yet."""
    return all(rows.execute(select(table).limit(1)).first() is None for table in (MASTER_KEY, ACCOUNT))
