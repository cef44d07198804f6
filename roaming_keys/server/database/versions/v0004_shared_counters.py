"""The failed logins in the table of counters that every service has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, NUMBER

revision = "keys_0004"
down_revision = "keys_0003"

_KIND = "login"


def upgrade() -> None:
    """Make the table. Each counter keeps its failures and the time of the latest one, from which its wait counts."""
    counter = op.create_table(
        "counter",
        sa.Column("kind", sa.Text, primary_key=True, nullable=False),
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("value", NUMBER, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("counter_by_time", "counter", ["kind", "at"])
    failed = sa.table("failed_login", sa.column("counter"), sa.column("failures"), sa.column("latest"))
    kept = op.get_bind().execute(sa.select(failed)).all()
    rows = [
        {"kind": _KIND, "name": bytes(row.counter).hex(), "value": float(row.failures), "at": row.latest}
        for row in kept
    ]
    op.bulk_insert(counter, rows)
    op.drop_table("failed_login")


def downgrade() -> None:
    """Make the table of failed logins again. The failures still count, and the next try of each need not wait."""
    failed = op.create_table(
        "failed_login",
        sa.Column("counter", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("blocked_until", INSTANT, nullable=False),
        sa.Column("latest", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("failed_login_by_latest", "failed_login", ["latest"])
    counter = sa.table("counter", sa.column("kind"), sa.column("name"), sa.column("value"), sa.column("at"))
    kept = op.get_bind().execute(sa.select(counter).where(counter.c.kind == _KIND)).all()
    rows = [
        {"counter": bytes.fromhex(row.name), "failures": round(row.value), "blocked_until": row.at, "latest": row.at}
        for row in kept
    ]
    op.bulk_insert(failed, rows)
    op.drop_table("counter")
