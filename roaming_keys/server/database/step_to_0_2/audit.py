"""The audit trail. Triggers refuse to change or delete its events, except the details, which no hash covers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import LONG

_REFUSAL = "the audit trail is append-only"
_KEPT = "number, at, kind, commitment, hash"
# If an INSERT replaced an event, SQLite would delete the earlier event without a trigger. So each new number must be
# the next.
_IS_NEXT = "NEW.number IS (SELECT coalesce(max(number), 0) + 1 FROM audit)"
_REFUSE = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
_SQLITE = (
    f"CREATE TRIGGER audit_kept BEFORE UPDATE OF {_KEPT} ON audit {_REFUSE}",
    f"CREATE TRIGGER audit_whole BEFORE DELETE ON audit {_REFUSE}",
    f"CREATE TRIGGER audit_next BEFORE INSERT ON audit WHEN NOT {_IS_NEXT} {_REFUSE}",
)
_POSTGRESQL = (
    "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS"
    f" $$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    f"CREATE TRIGGER audit_kept BEFORE UPDATE OF {_KEPT} ON audit EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_whole BEFORE DELETE OR TRUNCATE ON audit EXECUTE FUNCTION audit_refuse()",
)


def upgrade() -> None:
    """Make the table with its triggers."""
    op.create_table(
        "audit",
        sa.Column("number", LONG, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("at", LONG, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.LargeBinary),
        sa.Column("sealed", sa.LargeBinary),
        sqlite_strict=True,
    )
    op.create_index("audit_by_name", "audit", ["name", "number"])
    for statement in _POSTGRESQL if _is_postgresql() else _SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Drop the table and the triggers. The events are lost."""
    op.drop_table("audit")
    if _is_postgresql():
        op.execute("DROP FUNCTION audit_refuse")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
