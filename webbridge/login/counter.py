"""Counters of failed logins in a window of time, by account and by network address.

The tight limit is for one account from one network address, so that nobody can lock an account for all clients. The
wide limits stop guesses at many accounts, or from many network addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from sealwax.service import Database, Gate, LeakyCounter
from webbridge.database.tables import TABLES

WINDOW_SECONDS = 15 * 60
MAX_PER_ACCOUNT_AND_CLIENT = 5
MAX_PER_CLIENT = 30
MAX_PER_ACCOUNT = 100
# Half of the threads that the administrator's guide recommends. The others remain for people who are signed in.
MAX_AT_ONCE = 8
MAX_AT_ONCE_PER_CLIENT = 4
RETRY_SECONDS = 5
_REFUSAL = "There were too many attempts to sign in. Wait a few minutes."


def login_gate() -> Gate:
    """Return the limit on concurrent logins. A login waits for the mail server and may occupy its thread for long."""
    return Gate(MAX_AT_ONCE, places_per_client=MAX_AT_ONCE_PER_CLIENT, refusal=_REFUSAL, retry_seconds=RETRY_SECONDS)


class LoginCounter:
    """The counters of one bridge."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._attempts = LeakyCounter(
            database, clock, tables=TABLES, kind="login", seconds=WINDOW_SECONDS, refusal=_REFUSAL
        )

    def start(self, account: str, client: str) -> None:
        """Count one attempt. Raises TryLater."""
        self._attempts.start(_limits(account, client))

    def succeeded(self, account: str, client: str) -> None:
        """Uncount the attempt, and forget the earlier failures of this account from this client."""
        self.take_back(account, client)
        self._attempts.forget(_own_counter(account, client))

    def take_back(self, account: str, client: str) -> None:
        """Uncount an attempt that revealed nothing about the password."""
        self._attempts.take_back(_limits(account, client))


def _limits(account: str, client: str) -> dict[str, int]:
    return {
        _own_counter(account, client): MAX_PER_ACCOUNT_AND_CLIENT,
        _hashed("client", client): MAX_PER_CLIENT,
        _hashed("account", account.casefold()): MAX_PER_ACCOUNT,
    }


def _own_counter(account: str, client: str) -> str:
    return _hashed("both", account.casefold(), client)


def _hashed(*parts: str) -> str:
    # Hashed, so that the table does not list who logs in from where.
    return sha256("\0".join(parts).encode()).hexdigest()
