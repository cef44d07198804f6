"""More columns of each session, and the devices that have signed in to an account before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG


def upgrade() -> None:
    """Add the columns, and make the table of devices.

    Existing sessions continue. They belong to the pages, with an unknown beginning, no push address and no half of a
    key for a reload.
    """
    op.add_column("session", sa.Column("started_at", INSTANT, nullable=False, server_default=sa.text("0.0")))
    op.add_column("session", sa.Column("origin", sa.Text, nullable=False, server_default=""))
    op.add_column("session", sa.Column("program", sa.Text, nullable=False, server_default=""))
    op.add_column("session", sa.Column("push_endpoint", sa.Text, nullable=False, server_default=""))
    op.add_column("session", sa.Column("reload_half", sa.LargeBinary, nullable=True))
    op.add_column("session", sa.Column("reload_name", sa.Text, nullable=False, server_default=""))
    op.add_column("session", sa.Column("reload_used_at", INSTANT, nullable=False, server_default=sa.text("0.0")))
    op.add_column("session", sa.Column("reload_seconds", LONG, nullable=False, server_default=sa.text("0")))
    op.create_index("session_by_address", "session", ["address"])
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
    """Delete the columns, the table, and the sessions of extensions, which 0.1 would take for sessions of the pages."""
    op.drop_table("device")
    session = sa.table("session", sa.column("origin"))
    op.execute(sa.delete(session).where(session.c.origin != ""))
    op.drop_index("session_by_address", "session")
    for column in (
        "reload_seconds",
        "reload_used_at",
        "reload_name",
        "reload_half",
        "push_endpoint",
        "program",
        "origin",
        "started_at",
    ):
        op.drop_column("session", column)
