"""Counts how often a session has certificates asked about, so that nobody uses the bridge to wear others down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import ceil

from webbridge.database import CLOCK_SLACK_SECONDS, Database

WINDOW_SECONDS = 60
MAX_PER_SESSION = 60


class TooManyLookups(Exception):
    """This session must wait."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("too many look-ups")
        self.retry_after_seconds = retry_after_seconds


class LookupCounter:
    """The counter of one bridge. A row names a session by the hash that the session's own row has."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def start(self, session_id: str) -> None:
        """Count one request.

        Raises TooManyLookups.
        """
        at = self._clock().timestamp()
        with self._database.transaction() as rows:
            rows.execute(
                "DELETE FROM lookup_request WHERE at <= ? OR at > ?", (at - WINDOW_SECONDS, at + CLOCK_SLACK_SECONDS)
            )
            times = rows.execute(
                "SELECT at FROM lookup_request WHERE session_id = ? ORDER BY at DESC LIMIT ?",
                (session_id, MAX_PER_SESSION),
            ).fetchall()
            if len(times) >= MAX_PER_SESSION:
                raise TooManyLookups(ceil(times[-1][0] + WINDOW_SECONDS - at))
            rows.execute("INSERT INTO lookup_request VALUES (?, ?)", (session_id, at))
