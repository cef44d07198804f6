"""Second factors, and the logins that wait for one.

Undoing this migration deletes them, with the accounts that they protect.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "factor",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("counter", LONG, nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.Column("latest", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("factor_by_user", "factor", ["user"])
    op.create_table(
        "waiting_login",
        sa.Column("key", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("token", sa.LargeBinary, nullable=False),
        sa.Column("sealed_name", sa.LargeBinary, nullable=False),
        sa.Column("counter", LONG, nullable=False),
        sa.Column("challenge", sa.LargeBinary),
        sa.Column("started", INSTANT, nullable=False),
        sa.Column("ends", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("waiting_login_by_user", "waiting_login", ["user"])
    op.create_index("waiting_login_by_end", "waiting_login", ["ends"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("waiting_login")
    op.drop_table("factor")
