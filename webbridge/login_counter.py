"""Counts failed logins in a window of time, by account and by network address.

No account is locked for everybody: the tight limit counts one account from one network address; the wide ones stop
guessing over many accounts or from many places. An attempt counts from its start, so that parallel ones count too.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from math import ceil

from webbridge.database import CLOCK_SLACK_SECONDS, Database

WINDOW_SECONDS = 15 * 60
MAX_PER_ACCOUNT_AND_CLIENT = 5
MAX_PER_CLIENT = 30
MAX_PER_ACCOUNT = 100
# Half of the threads that the administrator's guide names: the others stay for those who are signed in.
MAX_AT_ONCE = 8
MAX_AT_ONCE_PER_CLIENT = 4
RETRY_SECONDS = 5


class TooManyAttempts(Exception):
    """This login must wait."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("too many attempts")
        self.retry_after_seconds = retry_after_seconds


class LoginGate:
    """How many logins wait for the mail server at once, in one process: it may hold the thread of each for long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    @contextmanager
    def one(self, client: str) -> Iterator[None]:
        """Hold a place while a login runs. Raises TooManyAttempts when there is none."""
        with self._lock:
            if self._running.total() >= MAX_AT_ONCE or self._running[client] >= MAX_AT_ONCE_PER_CLIENT:
                raise TooManyAttempts(RETRY_SECONDS)
            self._running[client] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[client] -= 1
                self._running += Counter()  # leaves out who has none


class LoginCounter:
    """The counters of one bridge."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def start(self, account: str, client: str) -> None:
        """Count one attempt.

        Raises TooManyAttempts.
        """
        at = self._clock().timestamp()
        with self._database.transaction() as rows:
            rows.execute(
                "DELETE FROM login_attempt WHERE at <= ? OR at > ?", (at - WINDOW_SECONDS, at + CLOCK_SLACK_SECONDS)
            )
            for counter, allowed in _counters(account, client):
                times = rows.execute(
                    "SELECT at FROM login_attempt WHERE counter = ? ORDER BY at DESC LIMIT ?", (counter, allowed)
                ).fetchall()
                if len(times) >= allowed:
                    raise TooManyAttempts(ceil(times[-1][0] + WINDOW_SECONDS - at))
            for counter, _allowed in _counters(account, client):
                rows.execute("INSERT INTO login_attempt VALUES (?, ?)", (counter, at))

    def succeeded(self, account: str, client: str) -> None:
        """Take the attempt back, and forget the earlier failures of this account from this client."""
        self.take_back(account, client)
        own = _counters(account, client)[0][0]
        with self._database.transaction() as rows:
            rows.execute("DELETE FROM login_attempt WHERE counter = ?", (own,))

    def take_back(self, account: str, client: str) -> None:
        """Uncount an attempt that said nothing about the password."""
        with self._database.transaction() as rows:
            for counter, _allowed in _counters(account, client):
                rows.execute(
                    "DELETE FROM login_attempt WHERE rowid ="
                    " (SELECT rowid FROM login_attempt WHERE counter = ? ORDER BY at DESC LIMIT 1)",
                    (counter,),
                )


def _counters(account: str, client: str) -> list[tuple[str, int]]:
    """Return the counters' names, hashed so that the table is no list of who logs in from where."""
    folded = account.casefold()
    return [
        (_hashed("both", folded, client), MAX_PER_ACCOUNT_AND_CLIENT),
        (_hashed("client", client), MAX_PER_CLIENT),
        (_hashed("account", folded), MAX_PER_ACCOUNT),
    ]


def _hashed(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
