"""Delete groups, inside a transaction that has locked an account.

After a reset of an account, its earlier groups stay for as long as the earlier account is kept. Somebody who reads the
owner's mail may have made the new account. So the end of the new account deletes only the groups that were made since
the reset.
"""

from __future__ import annotations

import datetime

from sqlalchemy import Connection, delete, select

from roaming_keys.server.database.tables import ACCOUNT, GROUP_BUNDLE, GROUP_MEMBER


def delete_groups_of(rows: Connection, user: str) -> None:
    """Delete the groups that a user owns, and remove the user from the groups of others."""
    _delete_owned(rows, user)
    rows.execute(delete(GROUP_MEMBER).where(GROUP_MEMBER.c.user == user))


def delete_groups_since(rows: Connection, user: str, reset: datetime.datetime) -> None:
    """Delete the groups that a user has made since a reset. The user stays in the groups of others."""
    _delete_owned(rows, user, since=reset.timestamp())


def delete_groups_without_account(rows: Connection, user: str) -> None:
    """Do the same as `delete_groups_of`, unless the user has an account."""
    if rows.execute(select(ACCOUNT.c.user).where(ACCOUNT.c.user == user)).first() is None:
        delete_groups_of(rows, user)


def _delete_owned(rows: Connection, user: str, *, since: float = 0) -> None:
    is_own = GROUP_BUNDLE.c.user == user, GROUP_BUNDLE.c.created >= since
    owned = select(GROUP_BUNDLE.c.id).where(*is_own)
    rows.execute(delete(GROUP_MEMBER).where(GROUP_MEMBER.c.group.in_(owned)))
    rows.execute(delete(GROUP_BUNDLE).where(*is_own))
