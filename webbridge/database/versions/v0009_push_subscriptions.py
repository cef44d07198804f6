"""The address at which a push service takes messages for the browser of a session. It goes with its session.

The default is for a process of the version before, which may still run beside this one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "bridge_0009"
down_revision = "bridge_0008"


def upgrade() -> None:
    """Add the column. The sessions from before have no address."""
    op.add_column("session", sa.Column("push_endpoint", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Delete the column. Browsers get no push messages then."""
    op.drop_column("session", "push_endpoint")
