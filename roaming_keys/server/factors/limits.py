"""The limit on guesses at one-time codes, for somebody who has the passphrase already.

A code is counted as a failure before it is checked. At any time, three of a million codes are right. An account admits
at most 452 guesses in 24 hours: 5 that fill a bucket, and one more every 193 seconds. Each known device has its own
bucket of the same size, so that a thief cannot keep the owner out. Only the devices that `kept.knows_device`
finds count as known. Otherwise each device that a thief has used before the factor was added would have a bucket.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import ceil, inf
from typing import Final

from sqlalchemy import Connection

from roaming_keys.server.database.tables import TABLES
from roaming_keys.server.limits import ACCOUNT_ROOM, HALF_LIFE_SECONDS, MOST_ROWS
from sealwax.service import Database, DecayingCounter, TryLater

KIND: Final = "failed factor"
_FORGET_SECONDS: Final = HALF_LIFE_SECONDS * 10
_REFUSAL: Final = "There were too many wrong codes. Try again in {seconds} seconds."


class FactorLimits:
    """The counter of failed factors. `counter_name` hashes a kind and a value with a key of the server."""

    def __init__(self, database: Database, counter_name: Callable[[str, str], bytes]) -> None:
        self._database = database
        self._counter_name = counter_name
        self._failures = DecayingCounter(
            database,
            tables=TABLES,
            kind=KIND,
            half_life_seconds=HALF_LIFE_SECONDS,
            forget_seconds=_FORGET_SECONDS,
            most_rows=MOST_ROWS,
        )

    def start(self, user: str, *, device: bytes | None, at: datetime) -> str:
        """Count a failure before the factor is checked. Return the counter's name. Raises TryLater if there is no room.

        `device` is the name of a device that the account knows.
        """
        now = at.timestamp()
        self._failures.sweep(now)
        subject = "account" if device is None else f"device {device.hex()}"
        name = self._counter_name(KIND, f"{subject} {user}").hex()
        with self._database.transaction(durable=False) as rows:
            level = self._failures.lock(rows, name, now)
            if (seconds := self._failures.seconds_until(level, ACCOUNT_ROOM - 1)) > 0:
                whole = max(1, ceil(seconds - 1e-6))
                raise TryLater(_REFUSAL.format(seconds=whole), whole)
            self._failures.add(rows, name, level)
        return name

    def succeeded(self, rows: Connection, name: str, at: datetime) -> None:
        """Delete the failures under a counter's name, in the transaction of the success."""
        self._failures.take_back(rows, name, inf, at.timestamp())
