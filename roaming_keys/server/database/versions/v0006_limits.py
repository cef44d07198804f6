"""The end of the table of known networks, and of the failed logins that were counted by another rule.

A process of the version before cannot use the database any more, because it notes each login's network.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT

revision = "keys_0006"
down_revision = "keys_0005"

_COUNTER = sa.table("counter", sa.column("kind"))
_KINDS = ("failed device", "failed account and network", "failed network", "first tries", "failed account")


def upgrade() -> None:
    """Delete the table and the rows."""
    op.drop_table("known_network")
    op.execute(sa.delete(_COUNTER).where(_COUNTER.c.kind == "login"))


def downgrade() -> None:
    """Make the table again. No network is known, and no login has failed."""
    known = op.create_table(
        "known_network",
        sa.Column("name", sa.LargeBinary, primary_key=True, nullable=False),
        sa.Column("latest", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("known_network_by_latest", known.name, ["latest"])
    op.execute(sa.delete(_COUNTER).where(_COUNTER.c.kind.in_(_KINDS)))
