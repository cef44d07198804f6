"""A counter of each session's requests about certificates, so that the bridge cannot flood other servers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sealwax.service import Database, LeakyCounter
from webbridge.database.tables import TABLES

WINDOW_SECONDS = 60
MAX_PER_SESSION = 60
_REFUSAL = "You have asked about too many certificates. Wait a minute."


class LookupCounter:
    """The counter of one bridge. Each of its rows has the id of a session, which is a hash of the cookie."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._requests = LeakyCounter(
            database, clock, tables=TABLES, kind="lookup", seconds=WINDOW_SECONDS, refusal=_REFUSAL
        )

    def start(self, session_id: str) -> None:
        """Count one request. Raises TryLater."""
        self._requests.start({session_id: MAX_PER_SESSION})
