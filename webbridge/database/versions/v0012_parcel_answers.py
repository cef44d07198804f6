"""The answers to parcels, which are kept until the mail server has taken them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG

revision = "bridge_0012"
down_revision = "bridge_0011"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "parcel_answer",
        sa.Column("parcel", sa.Text, primary_key=True, nullable=False),
        sa.Column("number", LONG, primary_key=True, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("cms", sa.LargeBinary, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Delete the table. Answers that the mail server has not taken are lost."""
    op.drop_table("parcel_answer")
