"""Rows for every table of a database, and a look at all of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, select

from sealwax.service import Database

Rows = dict[str, list[dict[str, Any]]]
_MARK = "alembic_version"


def fill(database: Database) -> None:
    """Put two rows into each table, with values of the columns' types."""
    with database.transaction() as rows:
        for table in _reflected(rows):
            rows.execute(table.insert(), [{column.name: _value(column, n) for column in table.columns} for n in (1, 2)])


def read_all(database: Database) -> Rows:
    """The rows of each table, in an order of their own."""
    with database.reading() as rows:
        return {
            table.name: sorted((dict(row) for row in rows.execute(select(table)).mappings()), key=repr)
            for table in _reflected(rows)
        }


def _reflected(rows: Any) -> list[Any]:
    tables = MetaData()
    tables.reflect(rows)
    return [table for table in tables.sorted_tables if table.name != _MARK]


def _value(column: Column[Any], number: int) -> object:
    kind = column.type.python_type
    text = f"{column.name} {number}"
    return {str: text, bytes: text.encode(), float: number + 0.5, int: number}[kind]
