"""The login keys of protocol 2, and the tickets and nonces that were used, until they end.

Accounts of protocol 1 are kept, but nobody can log in to them; nor to those of protocol 2 after a step back, where the
login key waits in the place of the verifier.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sealwax.service.columns import INSTANT

revision = "keys_0003"
down_revision = "keys_0002"

_MARK = b"login key of protocol 2:"
_ACCOUNT = sa.table("account", sa.column("user"), sa.column("verifier"), sa.column("login_key"))


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "used",
        sa.Column("value", sa.Text, primary_key=True, nullable=False),
        sa.Column("ends", INSTANT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("used_by_end", "used", ["ends"])
    op.add_column("account", sa.Column("login_key", sa.LargeBinary))
    for user, verifier in op.get_bind().execute(sa.select(_ACCOUNT.c.user, _ACCOUNT.c.verifier)).all():
        if bytes(verifier).startswith(_MARK):
            _write(user, verifier=b"", login_key=bytes(verifier)[len(_MARK) :])


def downgrade() -> None:
    """Delete both."""
    kept = sa.select(_ACCOUNT.c.user, _ACCOUNT.c.login_key).where(_ACCOUNT.c.login_key.is_not(None))
    for user, login_key in op.get_bind().execute(kept).all():
        _write(user, verifier=_MARK + bytes(login_key), login_key=None)
    op.drop_column("account", "login_key")
    op.drop_table("used")


def _write(user: str, *, verifier: bytes, login_key: bytes | None) -> None:
    values = {"verifier": verifier, "login_key": login_key}
    op.get_bind().execute(sa.update(_ACCOUNT).where(_ACCOUNT.c.user == user).values(values))
