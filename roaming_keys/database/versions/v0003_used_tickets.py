"""The enrolment tickets that were used, until they end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT

revision = "keys_0003"
down_revision = "keys_0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "used_ticket",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("ends", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("used_ticket_by_end", "used_ticket", ["ends"])


def downgrade() -> None:
    """Delete the table. A ticket that was used may be used again until it ends."""
    op.drop_table("used_ticket")
