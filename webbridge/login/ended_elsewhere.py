"""The sessions that another process has ended: this process closes their connections and forgets their rows.

A process hears of them from its first request on. gunicorn makes the application before it forks the workers, and a
thread would stay in the first process.
"""

from __future__ import annotations

import logging
import threading

from sealwax.service import Announcement, Announcements, DatabaseUnavailable, Listening
from webbridge.events.words import SESSION_ENDED
from webbridge.gateway import ConnectionPool
from webbridge.login.sessions import SessionStore


class EndedElsewhere:
    """Listens for the ends of sessions, once it is started."""

    def __init__(self, announcements: Announcements, *, sessions: SessionStore, pool: ConnectionPool) -> None:
        self._announcements = announcements
        self._sessions = sessions
        self._pool = pool
        self._lock = threading.Lock()
        self._listening: Listening | None = None
        self._is_closed = not announcements.reach_others

    def start(self) -> None:
        """Listen, if this process does not do so yet."""
        if self._listening is not None or self._is_closed:
            return
        with self._lock:
            if self._listening is None and not self._is_closed:
                self._listening = self._announcements.listen(self._hear)

    def close(self) -> None:
        """Listen no longer."""
        with self._lock:
            self._is_closed = True
            if self._listening is not None:
                self._listening.close()

    def _hear(self, announcement: Announcement | None) -> None:
        if announcement is None:
            self._check_all()
        elif announcement.kind == SESSION_ENDED:
            self._pool.close_session(announcement.subject)

    def _check_all(self) -> None:
        """Look for ended sessions, because an announcement may have been lost."""
        known = self._pool.session_ids()
        try:
            living = self._sessions.find_living(known)
        except DatabaseUnavailable:
            logging.getLogger("sealwax.announcements").warning("ended sessions are not looked for now")
            return
        for session_id in known - living:
            self._pool.close_session(session_id)
