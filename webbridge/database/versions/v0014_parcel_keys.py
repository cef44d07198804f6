"""The requests of recipients for certificates of their own, until the codes count no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG

revision = "bridge_0014"
down_revision = "bridge_0013"


def upgrade() -> None:
    """Make the table, and an index by which the parcels of a recipient are found."""
    op.create_table(
        "parcel_key_request",
        sa.Column("parcel", sa.Text, primary_key=True, nullable=False),
        sa.Column("address", sa.Text, primary_key=True, nullable=False),
        sa.Column("digest", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("number", LONG, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("mailbox", sa.Text, nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("tries_left", LONG, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("parcel_key_request_by_end", "parcel_key_request", ["ends_at"])
    op.create_index("parcel_notice_by_address", "parcel_notice", ["address"])


def downgrade() -> None:
    """Delete the table and the index. Codes that were sent count no more."""
    op.drop_index("parcel_notice_by_address", "parcel_notice")
    op.drop_table("parcel_key_request")
