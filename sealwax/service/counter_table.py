"""The table of the counters, which each service has in its database."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, MetaData, Table, Text

from sealwax.service.columns import INSTANT, NUMBER

COUNTER_KEY: Final = ("kind", "name")
_TABLE: Final = "counter"


def add_counter_table(tables: MetaData) -> Table:
    """Add the table of the counters to the tables of a service."""
    return Table(
        _TABLE,
        tables,
        Column("kind", Text, primary_key=True, nullable=False),
        Column("name", Text, primary_key=True, nullable=False),
        Column("value", NUMBER, nullable=False),
        Column("at", INSTANT, nullable=False),
        Index("counter_by_time", "kind", "at"),
        sqlite_strict=True,
    )


def counter_of(tables: MetaData) -> Table:
    """Return the table of a service that has counters."""
    return tables.tables[_TABLE]
