"""Accounts, their separate records, devices, sessions, and the used tickets and nonces until they end.

Nobody can log in to the accounts of 0.1, because their records have another form. Their table stays, so that the
migration can be undone.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG


def upgrade() -> None:
    """Create the tables and the column."""
    op.add_column("account", sa.Column("login_key", sa.LargeBinary))
    op.create_table(
        "used",
        sa.Column("value", sa.Text, primary_key=True, nullable=False),
        sa.Column("ends", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("used_by_end", "used", ["ends"])
    op.create_table(
        "key_account",
        sa.Column("user", sa.Text, primary_key=True, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("memory_kib", sa.Integer, nullable=False),
        sa.Column("passes", sa.Integer, nullable=False),
        sa.Column("lanes", sa.Integer, nullable=False),
        sa.Column("sealed_login_key", sa.LargeBinary, nullable=False),
        sa.Column("sealed_recovery_key", sa.LargeBinary),
        sqlite_strict=True,
    )
    op.create_table(
        "record",
        sa.Column("user", sa.Text, primary_key=True, nullable=False),
        sa.Column("bundle_id", sa.Text, nullable=False),
        sa.Column("version", LONG, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("token", sa.LargeBinary, nullable=False),
        sa.Column("sealed_name", sa.LargeBinary, nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.Column("latest", INSTANT, nullable=False),
        sa.Column("of_earlier_keys", sa.Integer, nullable=False, server_default=sa.text("0")),
        sqlite_strict=True,
    )
    op.create_index("device_by_token", "device", ["user", "token"], unique=True)
    op.create_table(
        "session",
        sa.Column("key", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("counter", LONG, nullable=False),
        sa.Column("started", INSTANT, nullable=False),
        sa.Column("ends", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("session_by_user", "session", ["user"])
    op.create_index("session_by_end", "session", ["ends"])


def downgrade() -> None:
    """Drop the tables and the column, with the accounts that were made since."""
    for table in ("session", "device", "record", "key_account", "used"):
        op.drop_table(table)
    op.drop_column("account", "login_key")
