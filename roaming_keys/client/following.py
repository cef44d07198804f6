"""The transport to an account's key server for `sealwax roam`, at the addresses in the domain's list of servers.

An account belongs to the name of its key server (docs/discovery_protocol.md). All derived keys and signatures cover
this name. The list only says at which addresses a server of this name answers, and no other servers are tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from roaming_keys.client.transport import HttpTransport
from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.key_account import normalise_origin
from roaming_keys.protocol.session import AccountId
from roaming_keys.protocol.steps import KeyServerError
from sealwax.cli.options.parameters import now
from sealwax.cli.provider import PROVIDER
from sealwax.cli.streams.files import write_error
from sealwax.discovery.finding import DiscoveryUnavailable, Found, Refusal
from sealwax.discovery.following import Sources, check_key, is_followed, known_list, pin_key, renew_list
from smime_core import blocking
from smime_core.errors import DiscoveryExpired, MalformedMessage
from smime_core.own_content import ServerKind, ServerList, normalise_domain

_UNREACHABLE: Final = "key-server-unreachable"


class FollowingTransport:
    """Sends the requests of a session to the first server of the account that answers.

    When a server does not answer, this transport fetches the list, and sends the request to the next server. A request
    whose answer was lost is repeated unchanged. The servers of an account share a database, which accepts the request
    only once.
    """

    def __init__(self, account_id: AccountId, sources: Sources) -> None:
        self._account_id = account_id
        self._sources = sources
        self._domain = _followed_domain(account_id)
        self._is_renewed = False
        self._addresses = self._known_addresses()

    async def send(self, call: Call, authorization: str | None = None) -> bytes:
        """Return the body of the answer; empty if nothing has changed (304). Raises KeyServerError.

        Raises DiscoveryUnavailable if a server does not answer, and there is no valid list.
        """
        lost: tuple[str, ...] = ()
        while True:
            address = self._addresses[0]
            try:
                return await HttpTransport(address).send(call, authorization)
            except KeyServerError as error:
                if error.code != _UNREACHABLE or self._domain is None:
                    raise
                lost = (*lost, address)
                write_error(f"{address} does not answer")
                self._renew(self._domain)
                self._addresses = (*(other for other in self._addresses if other not in lost), *lost)
                if self._addresses[0] in lost:
                    raise
                write_error(f"going on with {self._addresses[0]}, by the list of servers of {self._domain}")

    def _known_addresses(self) -> tuple[str, ...]:
        """The addresses in the last valid list. A new list is fetched only if this list ended too long ago."""
        followed = None if self._domain is None else known_list(self._domain)
        if followed is None:
            return (self._account_id.server,)
        try:
            return self._listed(blocking.run(followed.open(PROVIDER, at=now())))
        except DiscoveryExpired:
            self._renew(followed.domain)
            return self._addresses

    def _renew(self, domain: str) -> None:
        """Fetch the list, but only once in each command."""
        if self._is_renewed:
            return
        self._is_renewed = True
        renewal = renew_list(domain, None, self._sources, PROVIDER, at=now())
        _write_renewal(renewal)
        self._addresses = self._listed(renewal.server_list)

    def _listed(self, server_list: ServerList) -> tuple[str, ...]:
        """The addresses of the account's servers in the order of the list, or else its name, which is an address."""
        # The addresses of Sealwax's key servers have no path, so an address with a path belongs to another kind of
        # server.
        addresses = (
            server.address
            for server in server_list.of_kind(ServerKind.KEY_SERVER)
            if server.name == self._account_id.server
        )
        return tuple(address for address in addresses if normalise_origin(address) == address) or (
            self._account_id.server,
        )


def check_ticket_key(account_id: AccountId, key: str | None, sources: Sources) -> None:
    """Return if the discovery key that a ticket names may be pinned. Raises DiscoveryKeyChanged."""
    domain = _domain_of(account_id)
    if key is not None and domain is not None:
        check_key(domain, key, sources, PROVIDER, at=now())


def follow_ticket_key(account_id: AccountId, key: str | None, sources: Sources) -> None:
    """Pin the discovery key that is named in a ticket, after the key server has accepted the ticket. Fetch the list.

    If the list cannot be fetched now, the key stays pinned for later.
    """
    domain = _domain_of(account_id)
    if key is None or domain is None:
        return
    pin_key(domain, key)
    try:
        _write_renewal(renew_list(domain, None, sources, PROVIDER, at=now()))
    except DiscoveryUnavailable as error:
        _write_refusals(error.refusals)


def _domain_of(account_id: AccountId) -> str | None:
    """The mail domain of an account, or None if it is no valid domain name."""
    try:
        return normalise_domain(account_id.user.rpartition("@")[2])
    except MalformedMessage:
        return None


def _followed_domain(account_id: AccountId) -> str | None:
    domain = _domain_of(account_id)
    return domain if domain is not None and is_followed(domain) else None


def _write_renewal(renewal: Found) -> None:
    _write_refusals(renewal.refusals)
    if renewal.publisher is None:
        write_error("no server gave a newer list of servers: the last good one is used")


def _write_refusals(refusals: Sequence[Refusal]) -> None:
    for refusal in refusals:
        write_error(f"{refusal.publisher}: {refusal.code}: {refusal.text}")
