"""The data of each earlier version outlives the upgrade and the way back, on SQLite and PostgreSQL, also if killed."""

from __future__ import annotations

from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from roaming_keys.server.database import SCHEMA as KEYS_SCHEMA
from sealwax.service import Database, DatabaseRefused, Schema
from sealwax.service.schema import SchemaStatus
from tests.support.databases.killed_upgrades import Way, is_killed_at
from tests.support.databases.release_0_1 import write_database, write_empty_database
from tests.support.databases.rows import Rows, fill, read_all
from tests.support.databases.versions_of import later_schema, revisions_of, schema_at
from webbridge.database import SCHEMA

pytestmark = pytest.mark.server

SCHEMAS = [pytest.param(SCHEMA, id="bridge"), pytest.param(KEYS_SCHEMA, id="keys")]
REVISIONS = [
    pytest.param(schema, revision, id=revision) for schema in (SCHEMA, KEYS_SCHEMA) for revision in revisions_of(schema)
]
# Version 0.1 of the bridge kept a row for each event. Their number and the latest time are in one row now.
COUNTED = {"login_attempt": ("login", "counter"), "lookup_request": ("lookup", "session_id")}
# The step to 0.2 changes tables of 0.1, whose service has to be stopped first.
OF_02 = {"bridge": "bridge_0018", "keys": "keys_0017"}
# The tables to which the later version of these tests adds a column.
TABLE_OF_BOTH = {"bridge": "session", "keys": "account"}
# The key server counts failed logins by another rule now, and knows devices in place of networks.
GIVEN_UP = ("failed_login", "known_network")


def rows_at(url: str | Path) -> Rows:
    with closing(Database(url)) as database:
        return read_all(database)


def check_kept(before: Rows, after: Rows) -> None:
    """Check that each row is there, with the values that it had."""
    for table, rows in without_given_up(before).items():
        if table in after:
            known = [{name: row[name] for name in rows[0]} for row in after[table]] if rows else []
            assert all(row in known for row in rows), table
        else:
            kind, name = COUNTED[table]
            assert counted_in(after, kind) == sorted((row[name], 1.0, row["at"]) for row in rows)


def without_given_up(rows: Rows) -> Rows:
    return {table: rows[table] for table in rows if table not in GIVEN_UP}


def counted_in(rows: Rows, kind: str) -> list[tuple[str, float, float]]:
    return sorted((row["name"], row["value"], row["at"]) for row in rows["counter"] if row["kind"] == kind)


@pytest.mark.parametrize(("schema", "revision"), REVISIONS)
def test_the_data_of_each_revision_is_kept_up_and_back(
    schema: Schema, revision: str, database_url: str, tmp_path: Path
) -> None:
    earlier = schema_at(schema, revision, tmp_path)
    with closing(earlier.open(database_url)) as database:
        fill(database)
        before = read_all(database)
    schema.upgrade(database_url)
    assert schema.state(database_url).status is SchemaStatus.CURRENT
    check_kept(before, rows_at(database_url))
    while schema.state(database_url).revision != revision:
        schema.downgrade_one_step(database_url)
    assert without_given_up(rows_at(database_url)) == without_given_up(before)
    assert earlier.state(database_url).status is SchemaStatus.CURRENT


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_data_of_0_1_which_marked_no_database_is_kept_up_and_back(schema: Schema, tmp_path: Path) -> None:
    path = tmp_path / "earlier.sqlite"
    write_empty_database(schema, path)
    with closing(Database(path)) as database:
        fill(database)
        before = read_all(database)
    schema.upgrade(path)
    check_kept(before, rows_at(path))
    while schema.state(path).revision is not None:
        schema.downgrade_one_step(path)
    check_kept(before, rows_at(path))


@pytest.mark.thorough
@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_change_of_version_that_is_killed_at_any_point_leaves_the_old_state_or_the_new(
    schema: Schema, database_url: str, tmp_path: Path
) -> None:
    write_database(schema, database_url, tmp_path)
    kills = 0
    for way in (Way.UP, Way.BACK):
        old = seen(schema, database_url)
        for point in count(1):
            was_killed = is_killed_at(point, schema, database_url, way)
            kills += was_killed
            now = seen(schema, database_url)
            if now != old:
                # The new state is whole: the same as that of a program that nobody kills.
                break
            assert was_killed, "the change ended, and nothing has changed"
        new = schema.state(database_url).revision
        assert new == (revisions_of(schema)[-1] if way is Way.UP else revisions_of(schema)[-2])
        assert shape(schema_at(schema, new, tmp_path / way), tmp_path / f"{way}.sqlite") == shape_at(database_url)
    assert kills >= 5


def seen(schema: Schema, url: str) -> tuple[str | None, Rows, dict[str, set[str]]]:
    return schema.state(url).revision, rows_at(url), shape_at(url)


def shape(schema: Schema, path: Path) -> dict[str, set[str]]:
    schema.upgrade(path)
    return shape_at(path)


def shape_at(url: str | Path) -> dict[str, set[str]]:
    """The columns and indexes of each table."""
    with closing(Database(url)) as database, database.reading() as rows:
        inspector = inspect(rows)
        return {
            table: {column["name"] for column in inspector.get_columns(table)}
            | {str(index["name"]) for index in inspector.get_indexes(table)}
            for table in inspector.get_table_names()
        }


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_program_leaves_the_database_of_a_later_version_as_it_is(
    schema: Schema, database_url: str, tmp_path: Path
) -> None:
    later = later_schema(schema, TABLE_OF_BOTH[schema.service], tmp_path)
    with closing(later.open(database_url)) as database:
        fill(database)
    before = (later.state(database_url), rows_at(database_url), shape_at(database_url))
    for refuse in (schema.open, schema.upgrade, schema.downgrade_one_step):
        with pytest.raises(DatabaseRefused, match="a newer version of Sealwax has written it"):
            refuse(database_url)
    assert (later.state(database_url), rows_at(database_url), shape_at(database_url)) == before


@pytest.mark.parametrize("schema", SCHEMAS)
def test_each_step_since_02_only_adds_so_that_processes_of_the_version_before_go_on(
    schema: Schema, tmp_path: Path
) -> None:
    """Two versions share a PostgreSQL database while their processes are replaced one after another."""
    later = later_schema(schema, TABLE_OF_BOTH[schema.service], tmp_path / "later")
    known = revisions_of(later)
    path = tmp_path / "one.sqlite"
    schema_at(later, OF_02[schema.service], tmp_path).upgrade(path)
    for revision in known[known.index(OF_02[schema.service]) + 1 :]:
        before = columns_at(path)
        schema_at(later, revision, tmp_path / "after").upgrade(path)
        after = columns_at(path)
        for table, columns in before.items():
            assert columns.items() <= after.get(table, {}).items(), f"{revision} changes {table}"
            for name, (_, is_optional) in after[table].items():
                assert name in columns or is_optional, f"{revision}: a row without {table}.{name} must be possible"
    assert before != after


def columns_at(path: Path) -> dict[str, dict[str, tuple[str, bool]]]:
    """Of each column its type, and whether a row may leave it out."""
    with closing(Database(path)) as database, database.reading() as rows:
        inspector: Any = inspect(rows)
        return {
            table: {
                column["name"]: (str(column["type"]), column["nullable"] or column["default"] is not None)
                for column in inspector.get_columns(table)
            }
            for table in inspector.get_table_names()
        }
