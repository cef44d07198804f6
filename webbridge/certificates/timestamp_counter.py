"""The counter of requests to the timestamp service, so that nobody can use the bridge to flood the service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sealwax.service import Database, LeakyCounter
from webbridge.database.tables import TABLES

WINDOW_SECONDS: Final = 60
# Each person in Bcc gets a separate message with a separate signature.
MAX_PER_SESSION: Final = 120
_REFUSAL: Final = "You have asked for too many timestamps. Wait a minute."


def timestamp_counter(database: Database, *, clock: Callable[[], datetime]) -> LeakyCounter:
    """Return the counter of one bridge, by session."""
    return LeakyCounter(database, clock, tables=TABLES, kind="timestamp", seconds=WINDOW_SECONDS, refusal=_REFUSAL)
