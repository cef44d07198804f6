"""The choice of each account about copies of its sent messages, and whether some of them have an end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT

revision = "bridge_0006"
down_revision = "bridge_0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "sent_copy",
        sa.Column("account", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("choice", sa.Text, nullable=False),
        sa.Column("ends_until", INSTANT, nullable=False),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Delete the table: copies are kept again, and those with an end stay."""
    op.drop_table("sent_copy")
