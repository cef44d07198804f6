"""The beginning, the program and the origin of each session, for the list of an account's sessions.

The defaults are for a process of the version before, which may still run beside this one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT

revision = "bridge_0005"
down_revision = "bridge_0004"


def upgrade() -> None:
    """Add the columns. The sessions from before go on: they are the pages' own, with an unknown beginning."""
    op.add_column("session", sa.Column("started_at", INSTANT, nullable=False, server_default=sa.text("0.0")))
    op.add_column("session", sa.Column("origin", sa.Text, nullable=False, server_default=""))
    op.add_column("session", sa.Column("program", sa.Text, nullable=False, server_default=""))
    op.create_index("session_by_address", "session", ["address"])


def downgrade() -> None:
    """Delete the columns, and the sessions of other origins: the version before would not tell them apart."""
    session = sa.table("session", sa.column("origin"))
    op.execute(sa.delete(session).where(session.c.origin != ""))
    op.drop_index("session_by_address", "session")
    for column in ("program", "origin", "started_at"):
        op.drop_column("session", column)
