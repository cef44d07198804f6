"""The messages that were sent in the last day, so that none is sent twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT

revision = "bridge_0003"
down_revision = "bridge_0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "submission",
        sa.Column("account", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("key", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("owner", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("busy_until", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("submission_by_beginning", "submission", ["begun_at"])


def downgrade() -> None:
    """Delete the table: a key of the last day could then send its message once more."""
    op.drop_table("submission")
