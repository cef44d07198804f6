"""Counters of failed logins in a window of time, for each account and each network address.

The tight limit is for one account from one network address, so that nobody can lock an account for all clients. The
wide limits stop guesses at many accounts, or from many network addresses. A login from a known device (`devices`) has a
separate counter instead, so that the failures of others do not keep the account's owner out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sealwax.service import Database, Gate, LeakyCounter, TryLater
from webbridge.database.tables import TABLES

WINDOW_SECONDS = 15 * 60
MAX_PER_ACCOUNT_AND_CLIENT = 5
MAX_PER_CLIENT = 30
MAX_PER_ACCOUNT = 100
MAX_PER_DEVICE = 10
# Half of the threads that the administrator's guide recommends. The other threads remain for people who are signed in.
MAX_AT_ONCE = 8
MAX_AT_ONCE_PER_CLIENT = 4
MAX_DEVICES_AT_ONCE = 2
RETRY_SECONDS = 5
_REFUSAL = "There were too many attempts to sign in. Wait a few minutes."


def login_gate() -> Gate:
    """Return the limit on concurrent logins.

    A login may occupy a thread for long, because it waits for the mail server.
    """
    return Gate(MAX_AT_ONCE, max_calls_per_client=MAX_AT_ONCE_PER_CLIENT, refusal=_REFUSAL, retry_seconds=RETRY_SECONDS)


def device_gate() -> Gate:
    """Return the separate limit on concurrent logins of known devices. Each device has one place."""
    return Gate(MAX_DEVICES_AT_ONCE, max_calls_per_client=1, refusal=_REFUSAL, retry_seconds=RETRY_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One login: the account, the client's network, and the token of a known device or an empty text."""

    account: str
    client: str
    device: str = ""

    @property
    def own_counter(self) -> str:
        """The name of the counter that a login with the right password clears."""
        account = self.account.casefold()
        return _hashed("device", account, self.device) if self.device else _hashed("both", account, self.client)

    @property
    def limits(self) -> dict[str, int]:
        """The limits of this attempt, by the names of their counters."""
        if self.device:
            return {self.own_counter: MAX_PER_DEVICE}
        return {
            self.own_counter: MAX_PER_ACCOUNT_AND_CLIENT,
            _hashed("client", self.client): MAX_PER_CLIENT,
            _hashed("account", self.account.casefold()): MAX_PER_ACCOUNT,
        }


@contextmanager
def login_place(attempt: Attempt, *, devices: Gate, others: Gate) -> Iterator[None]:
    """Count a login while it runs. If a known device finds no free place, it gets one of `others`.

    All places of known devices may be taken, because everybody with an account may have a known device. Raises
    TryLater.
    """
    with ExitStack() as place:
        try:
            place.enter_context(devices.one(attempt.device) if attempt.device else others.one(attempt.client))
        except TryLater:
            if not attempt.device:
                raise
            place.enter_context(others.one(attempt.client))
        yield


class LoginCounter:
    """The counters of one bridge."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._attempts = LeakyCounter(
            database, clock, tables=TABLES, kind="login", seconds=WINDOW_SECONDS, refusal=_REFUSAL
        )

    def start(self, attempt: Attempt) -> None:
        """Count one attempt. Raises TryLater."""
        self._attempts.start(attempt.limits)

    def succeeded(self, attempt: Attempt) -> None:
        """Uncount the attempt, and forget the earlier failures of the account from this network or device."""
        self._attempts.take_back(attempt.limits, forgotten=[attempt.own_counter])

    def take_back(self, attempt: Attempt) -> None:
        """Uncount an attempt that revealed nothing about the password."""
        self._attempts.take_back(attempt.limits)


def _hashed(*parts: str) -> str:
    # The parts are hashed, so that the table does not show who logs in from which network.
    return sha256("\0".join(parts).encode()).hexdigest()
