"""The server's secrets, which stay the same when the master key is replaced. They are sealed under the master key.

The secrets of a database of 0.1 are those that 0.1 derived from its master key. The first start writes them, because a
migration does not have the key. 0.1 reads only sealed records without the name of their master key. So this migration
cannot be undone until all contents are encrypted under the master key in force.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service import DatabaseRefused

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
    """Delete the column, and remove the name of the master key from each record of 0.1."""
    rows = op.get_bind()
    fingerprints = rows.execute(sa.select(_MASTER_KEY.c.fingerprint)).scalars().all()
    heads = [_MARK + bytes(fingerprint)[: _HEAD_BYTES - len(_MARK)] for fingerprint in fingerprints]
    for name, columns in _SEALED.items():
        table = sa.table(name, *(sa.column(column_name, sa.LargeBinary) for column_name in columns))
        for column in table.columns:
            _check_heads(rows, column, heads)
    sealed = sa.column("sealed", sa.LargeBinary)
    is_named = sa.func.substr(sealed, 1, _HEAD_BYTES).in_(heads)
    without_head = {sealed.name: sa.func.substr(sealed, _HEAD_BYTES + 1)}
    rows.execute(sa.update(sa.table("account", sealed)).where(is_named).values(without_head))
    op.drop_column("master_key", "secrets")


def _check_heads(rows: sa.Connection, column: sa.ColumnClause[bytes], heads: list[bytes]) -> None:
    is_marked = sa.func.substr(column, 1, len(_MARK)) == _MARK
    is_of_other_key = sa.func.substr(column, 1, _HEAD_BYTES).not_in(heads)
    if rows.execute(sa.select(column).where(is_marked, is_of_other_key).limit(1)).first() is not None:
        raise DatabaseRefused(
            "The master key is being replaced. Finish that first, by `sealwax keys rotate` of the newer version."
        )
