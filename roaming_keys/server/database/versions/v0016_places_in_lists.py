"""The times at which a person came into a group and first asked for it, by which long lists of groups are cut."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT

revision = "keys_0016"
down_revision = "keys_0015"


def upgrade() -> None:
    """Add the columns. The members from before came first, and have not asked yet."""
    op.add_column("group_member", sa.Column("since", INSTANT, nullable=False, server_default=sa.text("0")))
    op.add_column("group_member", sa.Column("asked", INSTANT))


def downgrade() -> None:
    """Delete them."""
    op.drop_column("group_member", "asked")
    op.drop_column("group_member", "since")
