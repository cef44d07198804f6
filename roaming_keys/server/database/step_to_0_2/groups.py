"""The bundles of groups, and the wraps of their keys for each member."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "group_bundle",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("version", LONG, nullable=False),
        sa.Column("created", INSTANT, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("group_bundle_by_user", "group_bundle", ["user"])
    op.create_table(
        "group_member",
        sa.Column("group", sa.Text, primary_key=True, nullable=False),
        sa.Column("user", sa.Text, primary_key=True, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("since", INSTANT, nullable=False, server_default=sa.text("0")),
        sa.Column("asked", INSTANT),
        sqlite_strict=True,
    )
    op.create_index("group_member_by_user", "group_member", ["user"])


def downgrade() -> None:
    """Drop the tables. The keys of all groups are lost."""
    op.drop_table("group_member")
    op.drop_table("group_bundle")
