"""The folders that people have chosen for sent mail, drafts, the trash, the archive and spam."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "bridge_0018"
down_revision = "bridge_0017"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "folder_use",
        sa.Column("account", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("role", sa.Text, primary_key=True, nullable=False),
        sa.Column("folder", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Delete the table. Folders have the uses that the mail server marks, and those of their names."""
    op.drop_table("folder_use")
