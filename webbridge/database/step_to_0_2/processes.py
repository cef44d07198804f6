"""The tables that the processes of a bridge share: settings, the processes, and their limited places for requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "setting",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "process",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("lock", LONG, nullable=True),
        sqlite_strict=True,
    )
    op.create_table(
        "place",
        sa.Column("kind", sa.Text, primary_key=True, nullable=False),
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("number", LONG, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("lease", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("place_by_process", "place", ["process"])


def downgrade() -> None:
    """Delete the tables. The next upgrade makes a new secret."""
    for table in ("place", "process", "setting"):
        op.drop_table(table)
