"""The tables of 0.1, which had no migrations and stored no version in the database. Only missing tables are made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG

revision = "bridge_0001"
down_revision = None


def upgrade() -> None:
    """Make the tables and indexes."""
    op.create_table(
        "session",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("server_half", sa.LargeBinary, nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("sealed_password", sa.LargeBinary, nullable=False),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.Column("expires_at", LONG, nullable=False),
        if_not_exists=True,
    )
    op.create_index("session_by_expiry", "session", ["expires_at"], if_not_exists=True)
    op.create_index("session_by_use", "session", ["used_at"], if_not_exists=True)
    _make_events("login_attempt", "counter", "login_attempt_by_counter", "login_attempt_by_time")
    _make_events("lookup_request", "session_id", "lookup_request_by_session", "lookup_request_by_time")


def downgrade() -> None:
    """Leave the tables, which 0.1 uses."""


def _make_events(table: str, name: str, by_name: str, by_time: str) -> None:
    op.create_table(
        table,
        sa.Column(name, sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        if_not_exists=True,
    )
    op.create_index(by_name, table, [name, "at"], if_not_exists=True)
    op.create_index(by_time, table, ["at"], if_not_exists=True)
