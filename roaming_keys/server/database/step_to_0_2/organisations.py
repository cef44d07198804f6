"""Organisations: staff with roles, disabled accounts, recovery copies of encryption keys, and recovery cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT, LONG


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "staff",
        sa.Column("name", sa.Text, primary_key=True, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("counter", LONG, nullable=False),
        sa.Column("certificate", sa.Text),
        sqlite_strict=True,
    )
    op.create_index("staff_by_key", "staff", ["key"], unique=True)
    op.create_index("staff_by_certificate", "staff", ["certificate"], unique=True)
    op.create_table(
        "recovery_policy",
        sa.Column("number", LONG, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "recovery_copy",
        sa.Column("user", sa.Text, primary_key=True, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "recovery_case",
        sa.Column("id", sa.Text, primary_key=True, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("asked", INSTANT, nullable=False),
        sa.Column("told", INSTANT),
        sa.Column("opened", INSTANT),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("sealed_copy", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("recovery_case_by_user", "recovery_case", ["user"])
    op.create_table(
        "recovery_approval",
        sa.Column("case", sa.Text, primary_key=True, nullable=False),
        sa.Column("number", sa.Integer, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("officer", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("recovery_approval_by_user", "recovery_approval", ["user"])
    op.create_table(
        "restriction",
        sa.Column("user", sa.Text, primary_key=True, nullable=False),
        sa.Column("disabled", INSTANT),
        sa.Column("renew", INSTANT),
        sqlite_strict=True,
    )


def downgrade() -> None:
    """Drop the tables. The owners of disabled accounts can log in again, and recovery by officers ends."""
    for name in ("restriction", "recovery_approval", "recovery_case", "recovery_copy", "recovery_policy", "staff"):
        op.drop_table(name)
