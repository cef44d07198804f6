"""One table of counters instead of a row for each event, and a table of values that all processes share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, NUMBER

revision = "bridge_0002"
down_revision = "bridge_0001"

_EVENTS = {"login_attempt": ("login", "counter"), "lookup_request": ("lookup", "session_id")}
_INDEX_NAMES = {"counter": "counter", "session_id": "session"}


def upgrade() -> None:
    """Make the tables. The events of a name become the value of its counter."""
    op.create_table(
        "setting",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
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
        events = _events(table, name)
        # SQLite's STRICT tables take no integer for a REAL in this place, so the count becomes a fraction.
        counted = sa.select(sa.literal(kind), events.c[name], sa.func.count() * 1.0, sa.func.max(events.c.at))
        op.execute(sa.insert(counter).from_select(["kind", "name", "value", "at"], counted.group_by(events.c[name])))
        op.drop_table(table)


def downgrade() -> None:
    """Make events of the counters again. The next upgrade makes a new secret."""
    counter = sa.table("counter", sa.column("kind"), sa.column("name"), sa.column("value"), sa.column("at"))
    for table, (kind, name) in _EVENTS.items():
        events = op.create_table(
            table, sa.Column(name, sa.Text, nullable=False), sa.Column("at", INSTANT, nullable=False)
        )
        op.create_index(f"{table}_by_{_INDEX_NAMES[name]}", table, [name, "at"])
        op.create_index(f"{table}_by_time", table, ["at"])
        kept = op.get_bind().execute(sa.select(counter).where(counter.c.kind == kind)).all()
        rows = [{name: row.name, "at": row.at} for row in kept for _ in range(round(row.value))]
        op.bulk_insert(events, rows)
    op.drop_table("counter")
    op.drop_table("setting")


def _events(table: str, name: str) -> sa.TableClause:
    return sa.table(table, sa.column(name), sa.column("at"))
