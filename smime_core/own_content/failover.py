"""The choice among a domain's servers while some do not answer, and the times when a client asks for a new server list.

The state is an immutable value. The client keeps it, reports each event with its time, and gets the next state.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import Final

from smime_core.own_content.server_list import Server, ServerKind, ServerList

RETRY: Final = datetime.timedelta(minutes=5)
"""The time for which a lost server is the last choice, and after which a failed request for the list is repeated."""
MIN_FETCH_INTERVAL: Final = datetime.timedelta(seconds=10)
"""The shortest time between two requests for the list by a client that loses one server after another."""


@dataclass(frozen=True, slots=True)
class LostServer:
    """A server, and the time at which it did not answer."""

    kind: ServerKind
    address: str
    at: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Failover:
    """The last good list, the lost servers, which did not answer, and the time of the last request for the list."""

    server_list: ServerList
    asked: datetime.datetime
    lost: tuple[LostServer, ...] = ()

    def candidates(self, kind: ServerKind, *, at: datetime.datetime) -> tuple[Server, ...]:
        """All servers of a kind in the order to try: as listed, but the lost servers last, the longest lost first."""
        lost = {loss.address: loss.at for loss in self.lost if loss.kind is kind and at - loss.at < RETRY}
        listed = self.server_list.of_kind(kind)
        usable = tuple(server for server in listed if server.address not in lost)
        others = sorted(
            (server for server in listed if server.address in lost), key=lambda server: lost[server.address]
        )
        return (*usable, *others)

    def lose(self, server: Server, *, at: datetime.datetime) -> Failover:
        """The state after a server did not answer."""
        return replace(self, lost=(*self._without(server), LostServer(server.kind, server.address, at)))

    def reach(self, server: Server) -> Failover:
        """The state after a server answered."""
        return replace(self, lost=self._without(server))

    def renew(self, server_list: ServerList, *, at: datetime.datetime) -> Failover:
        """The state after a request for the list, with `server_list`, which is now the last good list.

        A server that has moved is not lost at its new address.
        """
        addresses = {(server.kind, server.address) for server in server_list.servers}
        return Failover(
            server_list=server_list,
            asked=at,
            lost=tuple(loss for loss in self.lost if (loss.kind, loss.address) in addresses),
        )

    def next_fetch(self) -> datetime.datetime:
        """The time from which the client should ask for the list again.

        After a loss it asks as soon as MIN_FETCH_INTERVAL allows, because the server may have moved. Otherwise it asks
        when half of the time until the list's expiry is over.
        """
        if any(loss.at >= self.asked for loss in self.lost):
            return self.asked + MIN_FETCH_INTERVAL
        half_life = self.server_list.issued + (self.server_list.expires - self.server_list.issued) / 2
        return max(half_life, self.asked + RETRY)

    def _without(self, server: Server) -> tuple[LostServer, ...]:
        return tuple(loss for loss in self.lost if (loss.kind, loss.address) != (server.kind, server.address))
