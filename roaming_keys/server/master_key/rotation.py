"""The replacement of the master key, while servers serve.

1. The new key is stored where servers look for unknown keys (`key_sources.py`).
2. It is put in force. From then on, transactions store contents only under this key (`ServerKeys.renew`).
3. The other contents are sealed anew, a few in each transaction.
4. The old key is dropped.

Each step may be repeated, so that a rotation that was killed can go on. `operation/rotating.py` has the order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Row, Table, and_, func, select, tuple_, update

from roaming_keys.server.database.tables import (
    ACCOUNT,
    AUDIT,
    DEVICE,
    EARLIER_ACCOUNT,
    FACTOR,
    GROUP_BUNDLE,
    GROUP_MEMBER,
    KEPT_ACCOUNT,
    KEPT_FACTOR,
    RECORD,
    RECOVERY_APPROVAL,
    RECOVERY_CASE,
    RECOVERY_COPY,
    WAITING_LOGIN,
)
from roaming_keys.server.master_key.server_keys import HEAD_BYTES, MasterKey, Sealed, ServerKeyError, ServerKeys
from sealwax.service import Database

BATCH_ROWS: Final = 25  # Contents have at most 3 MB each.


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """A column with sealed contents. If its table has users, each content is bound to the user in its row."""

    table: Table
    name: str
    kind: Sealed

    @property
    def column(self) -> Column[Any]:
        """The column itself."""
        return self.table.c[self.name]

    @property
    def key(self) -> list[Column[Any]]:
        """The columns of the primary key."""
        return list(self.table.primary_key.columns)


SEALED_COLUMNS: Final = (
    SealedColumn(table=EARLIER_ACCOUNT, name="login_key", kind=Sealed.LOGIN_KEY),
    SealedColumn(table=EARLIER_ACCOUNT, name="sealed", kind=Sealed.RECORD),
    SealedColumn(table=ACCOUNT, name="sealed_login_key", kind=Sealed.LOGIN_KEY),
    SealedColumn(table=ACCOUNT, name="sealed_recovery_key", kind=Sealed.LOGIN_KEY),
    SealedColumn(table=RECORD, name="sealed", kind=Sealed.RECORD),
    SealedColumn(table=KEPT_ACCOUNT, name="sealed_login_key", kind=Sealed.LOGIN_KEY),
    SealedColumn(table=KEPT_ACCOUNT, name="sealed_recovery_key", kind=Sealed.LOGIN_KEY),
    SealedColumn(table=KEPT_ACCOUNT, name="sealed", kind=Sealed.RECORD),
    SealedColumn(table=KEPT_ACCOUNT, name="sealed_copy", kind=Sealed.RECOVERY_COPY),
    SealedColumn(table=KEPT_FACTOR, name="sealed", kind=Sealed.FACTOR),
    SealedColumn(table=DEVICE, name="sealed_name", kind=Sealed.DEVICE_NAME),
    SealedColumn(table=WAITING_LOGIN, name="sealed_name", kind=Sealed.DEVICE_NAME),
    SealedColumn(table=FACTOR, name="sealed", kind=Sealed.FACTOR),
    SealedColumn(table=AUDIT, name="sealed", kind=Sealed.AUDIT_DETAILS),
    SealedColumn(table=RECOVERY_COPY, name="sealed", kind=Sealed.RECOVERY_COPY),
    SealedColumn(table=RECOVERY_CASE, name="sealed", kind=Sealed.RECOVERY_CASE),
    SealedColumn(table=RECOVERY_CASE, name="sealed_copy", kind=Sealed.RECOVERY_COPY),
    SealedColumn(table=RECOVERY_APPROVAL, name="sealed", kind=Sealed.RECOVERY_APPROVAL),
    SealedColumn(table=GROUP_BUNDLE, name="sealed", kind=Sealed.GROUP_BUNDLE),
    SealedColumn(table=GROUP_MEMBER, name="sealed", kind=Sealed.GROUP_WRAP),
)


@dataclass(slots=True)
class Resealing:
    """The number of contents that were sealed anew, and those that no master key opens."""

    resealed: int = 0
    damaged: list[str] = field(default_factory=list)


def reseal_all(
    database: Database, keys: ServerKeys, in_force: MasterKey, *, pause: Callable[[float], None] = time.sleep
) -> Resealing:
    """Seal all contents under the master key in force. Raises DatabaseUnavailable.

    After each transaction it pauses for as long as the transaction took, so that the servers get their turns at SQLite.
    """
    done = Resealing()
    for sealed in SEALED_COLUMNS:
        last: Row[Any] | None = None
        while True:
            start = time.monotonic()
            with database.transaction() as rows:
                batch = rows.execute(_others(sealed, in_force, after=last).limit(BATCH_ROWS)).all()
                for row in batch:
                    _reseal(rows, sealed, row, keys, done)
            if not batch:
                break
            last = batch[-1]
            pause(time.monotonic() - start)
    # Otherwise SQLite's write-ahead log might still have contents under the old key.
    database.erase_deleted()
    return done


def heads_in(rows: Connection) -> Iterator[bytes]:
    """Yield the heads with which sealed contents begin, each head once for each column."""
    for sealed in SEALED_COLUMNS:
        query = select(_head_of(sealed)).where(sealed.column.is_not(None)).distinct()
        yield from map(bytes, rows.execute(query).scalars())


def _others(sealed: SealedColumn, in_force: MasterKey, *, after: Row[Any] | None) -> Any:
    """The rows whose content is not under the key in force, in the order of the primary key."""
    is_other: ColumnElement[bool] = _head_of(sealed) != in_force.head
    if after is not None:
        is_other = and_(is_other, tuple_(*sealed.key) > tuple_(*(after._mapping[column] for column in sealed.key)))
    # The row is locked, so a server stores new content either before or after this change.
    return select(sealed.table).where(is_other).order_by(*sealed.key).with_for_update()


def _reseal(rows: Connection, sealed: SealedColumn, row: Row[Any], keys: ServerKeys, done: Resealing) -> None:
    user = row._mapping[sealed.table.c.user] if "user" in sealed.table.c else ""
    content = bytes(row._mapping[sealed.column])
    try:
        renewed = keys.renew(rows, sealed.kind, content, user)
    except ServerKeyError:
        done.damaged.append(f"{sealed.table.name}.{sealed.name} of {user}")
        return
    is_row = and_(*(column == row._mapping[column] for column in sealed.key))
    rows.execute(update(sealed.table).where(is_row).values({sealed.name: renewed}))
    done.resealed += 1


def _head_of(sealed: SealedColumn) -> ColumnElement[bytes]:
    return func.substr(sealed.column, 1, HEAD_BYTES)
