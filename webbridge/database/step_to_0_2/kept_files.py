"""The files that people keep for themselves, and the index of each account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "kept_file",
        sa.Column("account", sa.Text, primary_key=True, nullable=False),
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("objects", sa.Text, nullable=False),
        sa.Column("manifest_bytes", LONG, nullable=False),
        sa.Column("total_bytes", LONG, nullable=False),
        sa.Column("is_whole", LONG, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("kept_file_by_stage", "kept_file", ["stage", "created_at"])
    op.create_index("kept_file_by_folder", "kept_file", ["folder"])
    op.create_table(
        "kept_index",
        sa.Column("account", sa.Text, primary_key=True, nullable=False),
        sa.Column("version", LONG, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("objects", sa.Text, nullable=False),
        sa.Column("manifest_bytes", LONG, nullable=False),
        sa.Column("stored_at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("kept_index_by_folder", "kept_index", ["folder"])


def downgrade() -> None:
    """Delete the tables. The bytes of the files stay in the store, but nothing finds them any more."""
    op.drop_table("kept_index")
    op.drop_table("kept_file")
