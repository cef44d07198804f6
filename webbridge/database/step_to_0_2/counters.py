"""One table of counters. Version 0.1 had a row for each event."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, NUMBER

_EVENTS = {"login_attempt": ("login", "counter"), "lookup_request": ("lookup", "session_id")}
_INDEX_NAMES = {"counter": "counter", "session_id": "session"}


def upgrade() -> None:
    """Make the table. The events of a name become the value of its counter."""
    counter = op.create_table(
        "counter",
        sa.Column("kind", sa.Text, primary_key=True, nullable=False),
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("value", NUMBER, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("counter_by_time", "counter", ["kind", "at"])
    for table, (kind, name) in _EVENTS.items():
        events = sa.table(table, sa.column(name), sa.column("at"))
        # SQLite's STRICT tables accept no integer for a REAL here, so the count is multiplied by 1.0.
        counted = sa.select(sa.literal(kind), events.c[name], sa.func.count() * 1.0, sa.func.max(events.c.at))
        op.execute(sa.insert(counter).from_select(["kind", "name", "value", "at"], counted.group_by(events.c[name])))
        op.drop_table(table)


def downgrade() -> None:
    """Turn the counters into events again."""
    counter = sa.table("counter", sa.column("kind"), sa.column("name"), sa.column("value"), sa.column("at"))
    for table, (kind, name) in _EVENTS.items():
        events = op.create_table(
            table, sa.Column(name, sa.Text, nullable=False), sa.Column("at", INSTANT, nullable=False)
        )
        op.create_index(f"{table}_by_{_INDEX_NAMES[name]}", table, [name, "at"])
        op.create_index(f"{table}_by_time", table, ["at"])
        counters = op.get_bind().execute(sa.select(counter).where(counter.c.kind == kind)).all()
        rows = [{name: row.name, "at": row.at} for row in counters for _ in range(round(row.value))]
        op.bulk_insert(events, rows)
    op.drop_table("counter")
