"""The native client: asks the publishers of a domain's document in turn, and keeps the last good document.

The DNS names the publishers (SRV records of `_sealwax._tcp.DOMAIN`), and the last one is the domain's own web site. No
publisher is trusted. If a publisher does not answer in time, or its answer is too large, the client asks the next one.
It does the same if the document is unsigned, expired, older than the known one, or of another domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwax.lookups.fetch import FetchPolicy, FetchRequest, LookupFailed, fetch
from sealwax.lookups.service_records import LookupFailed as NoServiceRecords, find_services
from sealwax.lookups.smimea import NameServer
from smime_core import blocking
from smime_core.errors import DiscoveryExpired, SmimeError
from smime_core.limits import MAX_DISCOVERY_BYTES
from smime_core.own_content import FollowedDiscovery, ServerList, follow_discovery, renew_discovery
from smime_core.provider import CryptoProvider

PATH: Final = "/.well-known/sealwax-discovery.json"
MAX_PUBLISHERS: Final = 5
PUBLISHER_SECONDS: Final = 5.0
_HTTPS_PORT: Final = 443
_LAST_GOOD: Final = "the last good document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The reason why a publisher's answer was not accepted: a code for programs, and a sentence."""

    publisher: str
    code: str
    text: str


class DiscoveryUnavailable(SmimeError):
    """No publisher gave a document that can be used, and no earlier document is known that is still valid."""

    code = "discovery-unavailable"

    def __init__(self, domain: str, refusals: Sequence[Refusal]) -> None:
        reasons = "; ".join(f"{refusal.publisher}: {refusal.code}: {refusal.text}" for refusal in refusals)
        super().__init__(f"the servers of {domain} cannot be found: {reasons}")
        self.refusals = tuple(refusals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The list to use, the state to save (`followed`), and the publisher that gave the list.

    `publisher` is None if no publisher gave a good document. Then the list is from the last good document.
    """

    followed: FollowedDiscovery
    server_list: ServerList
    publisher: str | None
    refusals: tuple[Refusal, ...]


def find_publishers(domain: str, name_servers: Sequence[NameServer]) -> tuple[str, ...]:
    """The URLs to ask for a domain's document, the preferred one first.

    The domain's own web site is always among them, even if the DNS does not answer.
    """
    try:
        targets = find_services(f"_sealwax._tcp.{domain}", name_servers)[: MAX_PUBLISHERS - 1]
    except NoServiceRecords:
        targets = ()
    named = [target.host if target.port == _HTTPS_PORT else f"{target.host}:{target.port}" for target in targets]
    return tuple(dict.fromkeys(f"https://{host}{PATH}" for host in (*named, domain)))


def begin_to_follow(
    domain: str,
    key: str,
    publishers: Sequence[str],
    provider: CryptoProvider,
    *,
    at: datetime,
    policy: FetchPolicy,
) -> Found:
    """The list of a domain whose key is pinned now. Raises DiscoveryUnavailable."""
    refusals: list[Refusal] = []
    for publisher in publishers:
        try:
            followed = blocking.run(follow_discovery(_fetch(publisher, policy), provider, domain, key, at))
        except SmimeError as error:
            refusals.append(_refusal(publisher, error))
        else:
            return _found(followed, provider, at, publisher, refusals)
    raise DiscoveryUnavailable(domain, refusals)


def find_newest(
    followed: FollowedDiscovery,
    publishers: Sequence[str],
    provider: CryptoProvider,
    *,
    at: datetime,
    policy: FetchPolicy,
) -> Found:
    """The first list that is newer than the known list, or the known list if there is no newer list.

    If a publisher gives the known document, the next publisher is asked, because it may have a newer document. Raises
    DiscoveryUnavailable if no publisher gives a newer document and the known document has expired.
    """
    refusals: list[Refusal] = []
    unchanged: str | None = None
    for publisher in publishers:
        try:
            newer = blocking.run(renew_discovery(followed, _fetch(publisher, policy), provider, at))
        except SmimeError as error:
            refusals.append(_refusal(publisher, error))
            continue
        if newer is not followed:
            return _found(newer, provider, at, publisher, refusals)
        unchanged = unchanged or publisher
    try:
        return _found(followed, provider, at, unchanged, refusals)
    except DiscoveryExpired as error:
        raise DiscoveryUnavailable(followed.domain, [*refusals, _refusal(_LAST_GOOD, error)]) from None


def _fetch(publisher: str, policy: FetchPolicy) -> bytes:
    bounded = replace(
        policy,
        max_body_bytes=MAX_DISCOVERY_BYTES,
        timeout_seconds=min(policy.timeout_seconds, PUBLISHER_SECONDS),
    )
    return fetch(FetchRequest(url=publisher), bounded)


def _refusal(publisher: str, error: SmimeError) -> Refusal:
    return Refusal(
        publisher=publisher,
        code=f"{error.code}: {error.failure}" if isinstance(error, LookupFailed) else error.code,
        text=str(error),
    )


def _found(
    followed: FollowedDiscovery,
    provider: CryptoProvider,
    at: datetime,
    publisher: str | None,
    refusals: Sequence[Refusal],
) -> Found:
    return Found(
        followed=followed,
        server_list=blocking.run(followed.open(provider, at=at)),
        publisher=publisher,
        refusals=tuple(refusals),
    )
