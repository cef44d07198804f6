"""The devices that have signed in to an account before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT

revision = "bridge_0004"
down_revision = "bridge_0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "device",
        sa.Column("device", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("account", sa.LargeBinary, nullable=False),
        sa.Column("used_at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("device_by_account", "device", ["account", "used_at"])
    op.create_index("device_by_use", "device", ["used_at"])


def downgrade() -> None:
    """Delete the table: all devices are unknown then, until they have signed in again."""
    op.drop_table("device")
