"""The row of the database that names the master key in force, under which all contents are sealed.

A rotation changes the row while servers write. A transaction that stores sealed contents first holds the row (a shared
lock), so that the key stays in force until the transaction ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from roaming_keys.server.database.tables import MASTER_KEY

# Made once, because SQLAlchemy needs longer to make a statement than to run it.
_FIND: Final = select(MASTER_KEY.c.fingerprint, MASTER_KEY.c.secrets)
# The row's number among the advisory locks of a PostgreSQL database. Locks are granted in the order of the requests, so
# a rotation waits only for running transactions. On SQLite, BEGIN IMMEDIATE keeps other writers out.
_LOCK_NUMBER: Final = 0x5EA1_3A51
_HOLD: Final = select(func.pg_advisory_xact_lock_shared(_LOCK_NUMBER))
_LOCK: Final = select(func.pg_advisory_xact_lock(_LOCK_NUMBER))


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKeyRow:
    """The fingerprint of the master key in force, and the server's secrets, sealed under it.

    `secrets` is None in a database that was bound to its master key by a version before 0.2.
    """

    fingerprint: bytes
    secrets: bytes | None = field(repr=False)


def find_row(rows: Connection) -> MasterKeyRow | None:
    """Return the row, or None if the database belongs to no master key yet."""
    row = rows.execute(_FIND).first()
    if row is None:
        return None
    secrets = None if row.secrets is None else bytes(row.secrets)
    return MasterKeyRow(fingerprint=bytes(row.fingerprint), secrets=secrets)


def hold_row(rows: Connection) -> MasterKeyRow | None:
    """Return the row, and keep rotations from changing it until the transaction ends. Others may hold it too."""
    if rows.dialect.name == "postgresql":
        rows.execute(_HOLD)
    return find_row(rows)


def lock_row(rows: Connection) -> MasterKeyRow | None:
    """Return the row, and keep other transactions from holding or changing it until this transaction ends."""
    if rows.dialect.name == "postgresql":
        rows.execute(_LOCK)
    return find_row(rows)


def write_row(rows: Connection, row: MasterKeyRow, *, before: MasterKeyRow | None) -> None:
    """Write the row in place of the row `before`. The caller has locked it."""
    values = {"fingerprint": row.fingerprint, "secrets": row.secrets}
    rows.execute(insert(MASTER_KEY).values(values) if before is None else update(MASTER_KEY).values(values))
