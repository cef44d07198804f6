"""The abilities of submission servers, cached for some minutes. A person needs to know these before an upload."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sealwax.service import Gate
from webbridge.gateway import MailServer, Offers, ask_offers

_KEPT: Final = timedelta(minutes=10)
_MAX_SERVERS: Final = 1000
# Each question occupies a thread, for a long time if the server is silent.
MAX_ASKED_AT_ONCE: Final = 4
MAX_ASKED_AT_ONCE_PER_SERVER: Final = 2
_RETRY_SECONDS: Final = 5


class KnownOffers:
    """The last answers of the submission servers, in the memory of one process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._known: dict[tuple[str, int], tuple[datetime, Offers]] = {}
        self._asking = Gate(
            MAX_ASKED_AT_ONCE,
            max_calls_per_client=MAX_ASKED_AT_ONCE_PER_SERVER,
            refusal="The server for outgoing mail is being asked already. Try again in a moment.",
            retry_seconds=_RETRY_SECONDS,
        )

    def of(self, server: MailServer) -> Offers:
        """Return the abilities of a server. Raises GatewayError if it fails, TryLater while too many others ask it."""
        name, at = (server.smtp.host, server.smtp.port), self._clock()
        known = self._known.get(name)
        if known is not None and at - known[0] < _KEPT:
            return known[1]
        with self._asking.one(f"{server.smtp.host}:{server.smtp.port}"):
            offers = ask_offers(server)
        if len(self._known) >= _MAX_SERVERS:
            self._known.clear()
        self._known[name] = (at, offers)
        return offers
