"""The limits on messages that are sent at the same time. Each occupies its thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

from sealwax.service import Gate
from webbridge.places.kinds import PlaceKind
from webbridge.places.session_limit import SessionLimit
from webbridge.places.shared import SharedPlaces

MAX_AT_ONCE: Final = 8  # Half of the threads that a service has by default. The others read.
_RETRY_SECONDS: Final = 5
_REFUSAL: Final = "Too many messages are being sent at once. Try again in a moment."


class SendLimits:
    """The limit of each account over all processes, and that of this process.

    A person may open any number of sessions, so messages are counted by account.
    """

    def __init__(self, places: SharedPlaces) -> None:
        self._gate = Gate(MAX_AT_ONCE, refusal=_REFUSAL, retry_seconds=_RETRY_SECONDS)
        self._accounts = SessionLimit(places, PlaceKind.SEND, refusal=_REFUSAL, retry_seconds=_RETRY_SECONDS)

    @contextmanager
    def one(self, address: str) -> Iterator[None]:
        """Count a message while it is sent. Raises TryLater."""
        with self._gate.one(), self._accounts.one(sha256(address.casefold().encode()).hexdigest()):
            yield
