"""The notices by mail that wait to be sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "notice",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", LONG, nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("notice_by_next", "notice", ["next_at"])


def downgrade() -> None:
    """Drop the table. Waiting notices are lost."""
    op.drop_table("notice")
