"""The bridge's half of the key under which the pages of a session have sealed identities for a reload.

The defaults are for a process of the version before, which may still run beside this one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG

revision = "bridge_0010"
down_revision = "bridge_0009"


def upgrade() -> None:
    """Add the columns. The sessions from before have no half."""
    op.add_column("session", sa.Column("reload_half", sa.LargeBinary, nullable=True))
    op.add_column("session", sa.Column("reload_name", sa.Text, nullable=False, server_default=""))
    op.add_column("session", sa.Column("reload_used_at", INSTANT, nullable=False, server_default=sa.text("0.0")))
    op.add_column("session", sa.Column("reload_seconds", LONG, nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    """Delete the columns: the pages ask for the passphrase after the next reload."""
    for column in ("reload_seconds", "reload_used_at", "reload_name", "reload_half"):
        op.drop_column("session", column)
