"""The lock by which the others notice that a process was killed. Processes of the version before have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import LONG

revision = "bridge_0016"
down_revision = "bridge_0015"


def upgrade() -> None:
    """Add the column."""
    op.add_column("process", sa.Column("lock", LONG, nullable=True))


def downgrade() -> None:
    """Remove the column. The places of a killed process are free when its lease has run out."""
    op.drop_column("process", "lock")
