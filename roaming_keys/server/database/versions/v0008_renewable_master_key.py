"""The server's secrets, which stay when the master key is replaced. They are sealed under it.

The secrets of an existing database are those that the versions before derived from its master key. The first start
writes them, because a migration does not have the key. A version before finds the sealed contents without the name of
their master key, so a step back waits until all of them are under the one in force.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service import DatabaseRefused

revision = "keys_0008"
down_revision = "keys_0007"

_MARK = b"sealwax1"
_HEAD_BYTES = len(_MARK) + 8
_SEALED = {
    "account": ("login_key", "sealed"),
    "key_account": ("sealed_login_key", "sealed_recovery_key"),
    "record": ("sealed",),
    "device": ("sealed_name",),
    "audit": ("sealed",),
}
_MASTER_KEY = sa.table("master_key", sa.column("fingerprint", sa.LargeBinary))


def upgrade() -> None:
    """Make the column."""
    op.add_column("master_key", sa.Column("secrets", sa.LargeBinary))


def downgrade() -> None:
    """Delete the column, and take the name of the master key from each sealed content."""
    rows = op.get_bind()
    fingerprints = rows.execute(sa.select(_MASTER_KEY.c.fingerprint)).scalars().all()
    heads = [_MARK + bytes(one)[: _HEAD_BYTES - len(_MARK)] for one in fingerprints]
    for name, columns in _SEALED.items():
        table = sa.table(name, *(sa.column(one, sa.LargeBinary) for one in columns))
        for column in table.columns:
            _take_heads(rows, table, column, heads)
    op.drop_column("master_key", "secrets")


def _take_heads(rows: sa.Connection, table: sa.TableClause, column: sa.ColumnClause[bytes], heads: list[bytes]) -> None:
    for head in heads:
        is_named = sa.func.substr(column, 1, _HEAD_BYTES) == head
        rows.execute(sa.update(table).where(is_named).values({column.name: sa.func.substr(column, _HEAD_BYTES + 1)}))
    is_left = sa.func.substr(column, 1, len(_MARK)) == _MARK
    if rows.execute(sa.select(column).where(is_left).limit(1)).first() is not None:
        raise DatabaseRefused(
            "The master key is being replaced. Finish that first, by `sealwax keys rotate` of the newer version."
        )
