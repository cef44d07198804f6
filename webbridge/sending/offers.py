"""What submission servers take, asked once in some minutes, so that a person hears of it before an upload."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from webbridge.gateway import MailServer, Offers, ask_offers

_KEPT: Final = timedelta(minutes=10)
_MAX_SERVERS: Final = 1000


class KnownOffers:
    """The last answers of the submission servers, in the memory of one process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._known: dict[tuple[str, int], tuple[datetime, Offers]] = {}

    def of(self, server: MailServer) -> Offers:
        """Return what a server takes. Raises GatewayError if it does not say so."""
        name, at = (server.smtp.host, server.smtp.port), self._clock()
        known = self._known.get(name)
        if known is not None and at - known[0] < _KEPT:
            return known[1]
        offers = ask_offers(server)
        if len(self._known) >= _MAX_SERVERS:
            self._known.clear()
        self._known[name] = (at, offers)
        return offers
