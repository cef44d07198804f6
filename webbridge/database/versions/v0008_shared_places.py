"""The places that the processes of a bridge share: connections, downloads and sends of each session."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG

revision = "bridge_0008"
down_revision = "bridge_0007"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "process",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
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
    """Delete the tables, which only running processes use."""
    op.drop_table("place")
    op.drop_table("process")
