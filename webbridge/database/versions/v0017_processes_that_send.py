"""The process that sends a message, so that its turn ends with it. Processes of the version before leave it empty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "bridge_0017"
down_revision = "bridge_0016"


def upgrade() -> None:
    """Add the column."""
    op.add_column("submission", sa.Column("process", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Remove the column. The turn of a killed process ends with its time."""
    op.drop_column("submission", "process")
