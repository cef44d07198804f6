"""The subscriptions of sessions: the URL at which a push service accepts messages for one browser.

The URL is a column of the session's row. So the URL is deleted with the row, in whatever way the session ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import func, select, update

from sealwax.service import Database, ServiceError
from webbridge.database.tables import SESSION
from webbridge.login.sessions import Session

MAX_BROWSERS: Final = 10
"""The sessions of one account that may have a subscription at the same time."""
_IDS_AT_ONCE: Final = 500  # SQLite takes at least 999 values in a statement.
_NONE: Final = ""


class Subscriptions:
    """Keeps the subscriptions of sessions, at most one for each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, session: Session, url: str) -> None:
        """Keep the URL for a session's browser, in place of an earlier URL. Raises ServiceError."""
        others = select(func.count()).where(
            SESSION.c.address == session.address, SESSION.c.id != session.id, SESSION.c.push_endpoint != _NONE
        )
        with self._database.transaction(durable=False) as rows:
            if rows.execute(others).scalar_one() >= MAX_BROWSERS:
                text = f"{MAX_BROWSERS} browsers get push messages for this account. Sign out in one of them."
                raise ServiceError(409, "too-many-browsers", text)
            rows.execute(update(SESSION).where(SESSION.c.id == session.id).values(push_endpoint=url))

    def forget(self, session_id: str) -> None:
        """Delete the URL for a session's browser."""
        with self._database.transaction(durable=False) as rows:
            rows.execute(update(SESSION).where(SESSION.c.id == session_id).values(push_endpoint=_NONE))
        self._database.erase_deleted()

    def find(self, session_ids: Iterable[str]) -> dict[str, str]:
        """Return the URLs of those sessions that have one."""
        ids = list(session_ids)
        endpoints: dict[str, str] = {}
        with self._database.reading() as rows:
            for start in range(0, len(ids), _IDS_AT_ONCE):
                some = select(SESSION.c.id, SESSION.c.push_endpoint).where(
                    SESSION.c.id.in_(ids[start : start + _IDS_AT_ONCE]), SESSION.c.push_endpoint != _NONE
                )
                endpoints.update({row.id: row.push_endpoint for row in rows.execute(some)})
        return endpoints
