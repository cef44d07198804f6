"""Resets of a forgotten passphrase, and the accounts that they replaced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "account_reset",
        sa.Column("user", sa.Text, primary_key=True, nullable=False),
        sa.Column("started", INSTANT, nullable=False),
        sa.Column("ready", INSTANT, nullable=False),
        sa.Column("ends", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("account_reset_by_end", "account_reset", ["ends"])
    op.create_table(
        "kept_account",
        sa.Column("user", sa.Text, primary_key=True, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("memory_kib", sa.Integer, nullable=False),
        sa.Column("passes", sa.Integer, nullable=False),
        sa.Column("lanes", sa.Integer, nullable=False),
        sa.Column("sealed_login_key", sa.LargeBinary, nullable=False),
        sa.Column("sealed_recovery_key", sa.LargeBinary),
        sa.Column("bundle_id", sa.Text, nullable=False),
        sa.Column("version", LONG, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("sealed_copy", sa.LargeBinary),
        sa.Column("ends", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("kept_account_by_end", "kept_account", ["ends"])
    op.create_table(
        "kept_factor",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("counter", LONG, nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.Column("latest", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("kept_factor_by_user", "kept_factor", ["user"])


def downgrade() -> None:
    """Drop the tables. Running resets, and the accounts from before resets, are lost."""
    for table in ("kept_factor", "kept_account", "account_reset"):
        op.drop_table(table)
