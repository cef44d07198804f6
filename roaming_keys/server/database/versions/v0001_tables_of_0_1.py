"""The tables of 0.1, which had no migrations and stored no revision. Only missing tables are created."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT

revision = "keys_0001"
down_revision = None


def upgrade() -> None:
    """Make the tables and the index."""
    op.create_table(
        "account",
        sa.Column("user", sa.Text, primary_key=True, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("memory_kib", sa.Integer, nullable=False),
        sa.Column("passes", sa.Integer, nullable=False),
        sa.Column("lanes", sa.Integer, nullable=False),
        sa.Column("verifier", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
        if_not_exists=True,
    )
    op.create_table(
        "failed_login",
        sa.Column("counter", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("blocked_until", INSTANT, nullable=False),
        sa.Column("latest", INSTANT, nullable=False),
        sqlite_strict=True,
        if_not_exists=True,
    )
    op.create_index("failed_login_by_latest", "failed_login", ["latest"], if_not_exists=True)
    op.create_table(
        "known_network",
        sa.Column("name", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("latest", INSTANT, nullable=False),
        sqlite_strict=True,
        if_not_exists=True,
    )
    op.create_table(
        "master_key",
        sa.Column("fingerprint", sa.LargeBinary, primary_key=True, nullable=False),
        sqlite_strict=True,
        if_not_exists=True,
    )


def downgrade() -> None:
    """Leave the tables, which 0.1 uses."""
