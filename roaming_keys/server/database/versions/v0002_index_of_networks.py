"""An index for the deletion of networks that were not seen for long."""

from __future__ import annotations

from alembic import op

revision = "keys_0002"
down_revision = "keys_0001"


def upgrade() -> None:
    """Make the index."""
    op.create_index("known_network_by_latest", "known_network", ["latest"])


def downgrade() -> None:
    """Delete the index."""
    op.drop_index("known_network_by_latest", "known_network")
