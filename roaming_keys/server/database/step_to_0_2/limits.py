"""The table of counters that all Sealwax services have. 0.1 counted failed logins and networks differently."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, NUMBER


def upgrade() -> None:
    """Make the table, without the failed logins and the networks of 0.1."""
    op.create_table(
        "counter",
        sa.Column("kind", sa.Text, primary_key=True, nullable=False),
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("value", NUMBER, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("counter_by_time", "counter", ["kind", "at"])
    op.drop_table("failed_login")
    op.drop_table("known_network")


def downgrade() -> None:
    """Make the tables of 0.1 again. No network is known, and no login has failed."""
    op.create_table(
        "known_network",
        sa.Column("name", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("latest", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "failed_login",
        sa.Column("counter", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("blocked_until", INSTANT, nullable=False),
        sa.Column("latest", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("failed_login_by_latest", "failed_login", ["latest"])
    op.drop_table("counter")
