"""The messages that were sent or retrieved, and the choices of each account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "submission",
        sa.Column("account", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("key", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("owner", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("busy_until", INSTANT, nullable=False),
        sa.Column("process", sa.Text, nullable=False, server_default=""),
        sqlite_strict=True,
    )
    op.create_index("submission_by_beginning", "submission", ["begun_at"])
    op.create_table(
        "sent_copy",
        sa.Column("account", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("choice", sa.Text, nullable=False),
        sa.Column("ends_until", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "retrieved",
        sa.Column("account", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("message", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("retrieved_by_due", "retrieved", ["due_at"])
    op.create_table(
        "folder_use",
        sa.Column("account", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("role", sa.Text, primary_key=True, nullable=False),
        sa.Column("folder", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Delete the tables.

    A repeated request could send its message once more. Copies of sent messages are kept again. Retrieved messages
    stay at the mail server, and folders have the uses that the mail server marks.
    """
    for table in ("folder_use", "retrieved", "sent_copy", "submission"):
        op.drop_table(table)
