"""The limits on messages that are sent at the same time. Each message occupies a thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sealwax.service import Gate
from webbridge.login.sessions import Session
from webbridge.places.kinds import PlaceKind
from webbridge.places.session_limit import SessionLimit
from webbridge.places.shared import SharedPlaces

MAX_AT_ONCE: Final = 8  # Half of the threads that a service has by default. The other half remains for reading.
# All sessions of an account share this limit, because a person may open any number of sessions. Other people can still
# send.
MAX_AT_ONCE_PER_ACCOUNT: Final = 4
_RETRY_SECONDS: Final = 5
_REFUSAL: Final = "Too many messages are being sent at once. Try again in a moment."


class SendLimits:
    """The limit of each session in all processes, and the limits of an account and of everybody in this process."""

    def __init__(self, places: SharedPlaces) -> None:
        self._gate = Gate(
            MAX_AT_ONCE, max_calls_per_client=MAX_AT_ONCE_PER_ACCOUNT, refusal=_REFUSAL, retry_seconds=_RETRY_SECONDS
        )
        self._sessions = SessionLimit(places, PlaceKind.SEND, refusal=_REFUSAL)

    @contextmanager
    def one(self, session: Session) -> Iterator[None]:
        """Count a message while it is sent. Raises TryLater."""
        with self._gate.one(session.address), self._sessions.one(session.id):
            yield
