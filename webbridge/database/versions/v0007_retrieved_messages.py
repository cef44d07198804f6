"""The messages of POP3 mailboxes that were retrieved and are to be deleted later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT

revision = "bridge_0007"
down_revision = "bridge_0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "retrieved",
        sa.Column("account", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("message", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("retrieved_by_due", "retrieved", ["due_at"])


def downgrade() -> None:
    """Delete the table: the messages stay at the mail server."""
    op.drop_table("retrieved")
