"""Counters of requests about certificates, so that nobody can use the bridge to flood other servers.

The counters are in the database, so they count the requests to all processes. Anybody may have chosen the URL of an
issuer's certificate. So fetches of issuers' certificates are counted for the session, for the account, and for the
server's IP address, whatever its host name is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Final

from sealwax.lookups.public_addresses import Address
from sealwax.service import Database, LeakyCounter, TryLater, client_network
from webbridge.database.tables import TABLES
from webbridge.login.sessions import Session

WINDOW_SECONDS: Final = 60
MAX_PER_SESSION: Final = 60
# The number of certificates whose issuers a session may look for. It is enough for two full requests at once.
MAX_ISSUERS_PER_SESSION: Final = 32
MAX_ISSUERS_PER_ACCOUNT: Final = 64
MAX_PER_SERVER: Final = 30
_REFUSAL: Final = "You have asked about too many certificates. Wait a minute."


class LookupCounter:
    """The counters of one bridge. Their rows contain only hashes. The id of a session is a hash of its cookie."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        def counter(kind: str) -> LeakyCounter:
            return LeakyCounter(database, clock, tables=TABLES, kind=kind, seconds=WINDOW_SECONDS, refusal=_REFUSAL)

        self._requests = counter("lookup")
        self._issuers = counter("issuer")
        self._servers = counter("issuer-server")

    def start(self, session: Session) -> None:
        """Count one request. Raises TryLater."""
        self._requests.start({session.id: MAX_PER_SESSION})

    def start_parcel(self, parcel_id: str) -> None:
        """Count one request of a parcel's recipient, who has no session. Raises TryLater."""
        self._requests.start({_hashed(f"parcel\0{parcel_id}"): MAX_PER_SESSION})

    def start_issuers(self, session: Session, certificates: int) -> None:
        """Count the certificates whose issuers a request looks for. Raises TryLater."""
        limits = {session.id: MAX_ISSUERS_PER_SESSION, _hashed(session.address.casefold()): MAX_ISSUERS_PER_ACCOUNT}
        self._issuers.start(limits, events=certificates)

    def may_ask_server(self, address: Address) -> bool:
        """Count one connection to the server of an issuer, and return whether the connection may be made."""
        try:
            self._servers.start({_hashed(client_network(str(address))): MAX_PER_SERVER})
        except TryLater:
            return False
        return True


def _hashed(text: str) -> str:
    # Hashed, so that the table does not show who asks whom.
    return sha256(text.encode()).hexdigest()
