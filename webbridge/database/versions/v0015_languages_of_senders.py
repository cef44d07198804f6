"""The language of the mails to the sender of a parcel. Processes of the version before leave it empty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "bridge_0015"
down_revision = "bridge_0014"


def upgrade() -> None:
    """Add the column."""
    op.add_column("parcel", sa.Column("language", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Remove the column. The mails are in the operator's language then."""
    op.drop_column("parcel", "language")
