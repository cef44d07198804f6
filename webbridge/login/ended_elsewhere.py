"""The sessions that another process has ended. This process closes their connections and drops their rows."""

from __future__ import annotations

import logging

from sealwax.service import Announcement, DatabaseUnavailable
from webbridge.events.words import SESSION_ENDED
from webbridge.gateway import ConnectionPool
from webbridge.login.sessions import SessionStore


class EndedElsewhere:
    """Reacts to announcements that sessions have ended."""

    def __init__(self, *, sessions: SessionStore, pool: ConnectionPool) -> None:
        self._sessions = sessions
        self._pool = pool

    def hear(self, announcement: Announcement | None) -> None:
        """Close the connections of a session that has ended. None means that an announcement may have been lost."""
        if announcement is None:
            self._check_all()
        elif announcement.kind == SESSION_ENDED:
            self._pool.close_session(announcement.subject)

    def _check_all(self) -> None:
        known = self._pool.session_ids()
        try:
            living = self._sessions.find_living(known)
        except DatabaseUnavailable:
            logging.getLogger("sealwax.announcements").warning("ended sessions are not looked for now")
            return
        for session_id in known - living:
            self._pool.close_session(session_id)
