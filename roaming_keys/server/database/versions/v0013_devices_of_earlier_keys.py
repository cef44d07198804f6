"""The devices that have not logged in since the keys of their account changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "keys_0013"
down_revision = "keys_0012"


def upgrade() -> None:
    """Add the column. The devices from before stay known."""
    column = sa.Column("of_earlier_keys", sa.Integer, nullable=False, server_default=sa.text("0"))
    op.add_column("device", column)


def downgrade() -> None:
    """Delete it. All devices are known again."""
    op.drop_column("device", "of_earlier_keys")
