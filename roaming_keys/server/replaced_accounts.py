"""Accounts that a reset has replaced. They are kept for a while, and a login to such an account restores it.

The second factors and the officers' copy of an account are kept with it. So a factor that somebody adds after the reset
does not keep the owner out, and a factor that is removed after the reset still protects the earlier account.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, insert, select

from roaming_keys.server.database.group_rows import delete_groups_since, delete_groups_without_account
from roaming_keys.server.database.tables import (
    ACCOUNT,
    DEVICE,
    FACTOR,
    KEPT_ACCOUNT,
    KEPT_FACTOR,
    RECORD,
    RECOVERY_COPY,
    RESET,
    SESSION,
    WAITING_LOGIN,
)
from roaming_keys.server.master_key import Sealed, ServerKeys
from sealwax.service.database import insert_into

REPLACED_LIFETIME: Final = datetime.timedelta(days=30)
_ACCOUNT_COLUMNS: Final = {"sealed_login_key": Sealed.LOGIN_KEY, "sealed_recovery_key": Sealed.LOGIN_KEY}


def keep_account(rows: Connection, keys: ServerKeys, user: str, at: datetime.datetime) -> None:
    """Keep a copy of an account, with its factors, for REPLACED_LIFETIME. Move its recovery copy there.

    If an account of this user is kept already, nothing is changed: a second reset must not delete the account from
    before the first one. The caller has locked the account.
    """
    _delete(rows, KEPT_ACCOUNT.c.user == user, KEPT_ACCOUNT.c.ends <= at.timestamp())
    account = rows.execute(select(ACCOUNT).where(ACCOUNT.c.user == user)).one()
    record = rows.execute(select(RECORD).where(RECORD.c.user == user)).one()
    copy = rows.execute(
        delete(RECOVERY_COPY).where(RECOVERY_COPY.c.user == user).returning(RECOVERY_COPY.c.sealed)
    ).scalar()
    values = {
        **_renewed(rows, keys, account, _ACCOUNT_COLUMNS),
        **_renewed(rows, keys, record, {"sealed": Sealed.RECORD}),
        "sealed_copy": None if copy is None else keys.renew(rows, Sealed.RECOVERY_COPY, bytes(copy), user),
        "ends": (at + REPLACED_LIFETIME).timestamp(),
    }
    added = insert_into(rows, KEPT_ACCOUNT).values(values).on_conflict_do_nothing(index_elements=["user"])
    if rows.execute(added.returning(KEPT_ACCOUNT.c.user)).first() is not None:
        _copy_factors(rows, keys, user, FACTOR, KEPT_FACTOR)


def find_replaced_account(rows: Connection, user: str, at: datetime.datetime) -> Row[Any, Any] | None:
    """Return the row of a user's account from before a reset. It has the columns of an account and of its record."""
    is_kept = KEPT_ACCOUNT.c.user == user, KEPT_ACCOUNT.c.ends > at.timestamp()
    return rows.execute(select(KEPT_ACCOUNT).where(*is_kept)).first()


def find_reset_time(rows: Connection, user: str, at: datetime.datetime) -> datetime.datetime | None:
    """Return the time of a user's reset, or None if no account from before a reset is kept."""
    account = find_replaced_account(rows, user, at)
    return None if account is None else datetime.datetime.fromtimestamp(account.ends, datetime.UTC) - REPLACED_LIFETIME


def lock_replaced_account(rows: Connection, user: str, at: datetime.datetime) -> Row[Any, Any] | None:
    """Return the result of `find_replaced_account`. Other transactions of the account wait until this one ends."""
    # The account is locked first, as in all transactions of an account. It may have been deleted.
    rows.execute(select(ACCOUNT.c.user).where(ACCOUNT.c.user == user).with_for_update())
    is_kept = KEPT_ACCOUNT.c.user == user, KEPT_ACCOUNT.c.ends > at.timestamp()
    return rows.execute(select(KEPT_ACCOUNT).where(*is_kept).with_for_update()).first()


def restore_account(rows: Connection, keys: ServerKeys, replaced: Row[Any, Any]) -> None:
    """Restore the account in a locked row. The account that replaced it is deleted, with all that it has."""
    user = replaced.user
    delete_groups_since(rows, user, datetime.datetime.fromtimestamp(replaced.ends, datetime.UTC) - REPLACED_LIFETIME)
    account = _renewed(rows, keys, replaced, _ACCOUNT_COLUMNS)
    record = _renewed(rows, keys, replaced, {"sealed": Sealed.RECORD})
    for table, values in ((ACCOUNT, account), (RECORD, record)):
        columns = {name: values[name] for name in map(str, table.columns.keys())}
        put = insert_into(rows, table).values(columns)
        rows.execute(put.on_conflict_do_update(index_elements=["user"], set_=columns))
    _copy_factors(rows, keys, user, KEPT_FACTOR, FACTOR)
    rows.execute(delete(RECOVERY_COPY).where(RECOVERY_COPY.c.user == user))
    if replaced.sealed_copy is not None:
        rows.execute(
            insert(RECOVERY_COPY).values(
                user=user, sealed=keys.renew(rows, Sealed.RECOVERY_COPY, bytes(replaced.sealed_copy), user)
            )
        )
    for table in (KEPT_ACCOUNT, KEPT_FACTOR, RESET):
        rows.execute(delete(table).where(table.c.user == user))
    end_access(rows, user)


def end_access(rows: Connection, user: str) -> None:
    """End all sessions and waiting logins of an account, and delete its devices."""
    for table in (SESSION, WAITING_LOGIN, DEVICE):
        rows.execute(delete(table).where(table.c.user == user))


def has_expired_accounts(rows: Connection, at: datetime.datetime) -> bool:
    """Return whether the time of any replaced account is over."""
    over = select(KEPT_ACCOUNT.c.user).where(KEPT_ACCOUNT.c.ends <= at.timestamp()).limit(1)
    return rows.execute(over).first() is not None


def delete_expired_accounts(rows: Connection, at: datetime.datetime) -> None:
    """Delete the replaced accounts whose time is over."""
    _delete(rows, KEPT_ACCOUNT.c.ends <= at.timestamp())


def delete_replaced_account(rows: Connection, user: str) -> None:
    """Delete the account of a user from before a reset."""
    _delete(rows, KEPT_ACCOUNT.c.user == user)


def _delete(rows: Connection, *conditions: ColumnElement[bool]) -> None:
    deleted = delete(KEPT_ACCOUNT).where(*conditions).returning(KEPT_ACCOUNT.c.user)
    users = rows.execute(deleted).scalars().all()
    if users:
        rows.execute(delete(KEPT_FACTOR).where(KEPT_FACTOR.c.user.in_(users)))
    for user in users:
        delete_groups_without_account(rows, user)


def _copy_factors(rows: Connection, keys: ServerKeys, user: str, source: Table, target: Table) -> None:
    """Replace the factors in `target` with those in `source`. They keep their ids and counters."""
    rows.execute(delete(target).where(target.c.user == user))
    for row in rows.execute(select(source).where(source.c.user == user)).all():
        rows.execute(insert(target).values(_renewed(rows, keys, row, {"sealed": Sealed.FACTOR})))


def _renewed(rows: Connection, keys: ServerKeys, row: Row[Any, Any], sealed: Mapping[str, Sealed]) -> dict[str, Any]:
    """Return the values of a row, with the named contents sealed under the master key in force."""
    values = dict(row._mapping)
    for name, kind in sealed.items():
        if values[name] is not None:
            values[name] = keys.renew(rows, kind, bytes(values[name]), row.user)
    return values
