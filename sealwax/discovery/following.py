"""The list of a domain that this user follows. It is fetched again when needed, and saved in the user's folder.

Each domain has a private file with the pinned key and the last good document. Before the first document is received,
another file has only the pinned key.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sealwax.cli.streams.files import lock_file
from sealwax.discovery.finding import DiscoveryUnavailable, Found, begin_to_follow, find_newest, find_publishers
from sealwax.discovery.user_folder import default_folder
from sealwax.files.small import read_small
from sealwax.files.whole import write_whole
from sealwax.lookups.directory_failure import DirectoryFailed
from sealwax.lookups.fetch import FetchPolicy
from sealwax.lookups.smimea import NameServer, system_name_servers
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.limits import MAX_DISCOVERY_BYTES
from smime_core.own_content import FollowedDiscovery, build_followed_discovery, parse_followed_discovery
from smime_core.provider import CryptoProvider
from smime_core.text import read_ed25519

_MAX_KEY_BYTES: Final = 100
_PRIVATE_MODE: Final = 0o600


class DiscoveryKeyChanged(SmimeError):
    """The given key is neither the pinned key of the domain nor the successor that the pinned key has signed."""

    code = "discovery-key-changed"

    def __init__(self, domain: str, key: str) -> None:
        super().__init__(
            f"the list of servers of {domain} is now said to be signed by {key}, and you have pinned another key: ask"
            f" the operator, and if it is right, run `sealwax discovery show {domain} --key {key}`"
        )


class NotFollowed(SmimeError):
    """No key is pinned for the domain."""

    code = "discovery-not-followed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The servers to ask for a document: `urls`, or else the publishers in the DNS and the domain's web site."""

    urls: tuple[str, ...] = ()
    name_servers: tuple[NameServer, ...] = ()
    allowed_hosts: frozenset[str] = frozenset()
    ca_file: Path | None = None

    def publishers(self, domain: str) -> Sequence[str]:
        """The URLs to ask, the preferred one first."""
        if self.urls:
            return self.urls
        try:
            return find_publishers(domain, self.name_servers or system_name_servers())
        except DirectoryFailed:
            # No resolver is known. The domain's web site is asked anyway, because the system may know its address.
            return find_publishers(domain, ())

    def policy(self, domain: str) -> FetchPolicy:
        """The rules of the requests. A server that the user has named may be inside the user's network."""
        named = {urlsplit(url).netloc.rpartition("@")[2] for url in self.urls} or {domain}
        return FetchPolicy(allowed_hosts=frozenset(named | self.allowed_hosts), ca_file=self.ca_file)


def known_list(domain: str) -> FollowedDiscovery | None:
    """The last good list of a domain, or None. Raises OSError, MalformedMessage or LimitExceeded."""
    file = _file_of(domain)
    try:
        followed = parse_followed_discovery(read_small(file, max_bytes=2 * MAX_DISCOVERY_BYTES))
    except FileNotFoundError:
        return None
    if followed.domain != domain:
        raise MalformedMessage(f"this is the file of {followed.domain}", str(file))
    return followed


def is_followed(domain: str) -> bool:
    """Whether a key is pinned for a domain. Raises the errors of `known_list`."""
    return bool(_known_keys(domain))


def pin_key(domain: str, key: str) -> None:
    """Pin the key of a domain that has none yet. Raises DiscoveryKeyChanged, and the errors of `known_list`."""
    with lock_file(_file_of(domain)):
        known = _known_keys(domain)
        if not known:
            write_whole(_pinned_file_of(domain), f"{key}\n".encode(), mode=_PRIVATE_MODE)
        elif key not in known:
            raise DiscoveryKeyChanged(domain, key)


def check_key(domain: str, key: str, sources: Sources, provider: CryptoProvider, *, at: datetime) -> None:
    """Check that `key` may be pinned: it is the known key or its successor, or no key is known.

    If it is another key, the list is fetched, because the operator may have replaced the known key. Raises
    DiscoveryKeyChanged, and the errors of `known_list`.
    """
    known = _known_keys(domain)
    if not known or key in known:
        return
    with contextlib.suppress(DiscoveryUnavailable):
        renew_list(domain, None, sources, provider, at=at)
    if key not in _known_keys(domain):
        raise DiscoveryKeyChanged(domain, key)


def renew_list(domain: str, key: str | None, sources: Sources, provider: CryptoProvider, *, at: datetime) -> Found:
    """Fetch and save the newest list of a domain. A `key` that is neither the known key nor its successor is pinned.

    Raises NotFollowed if no `key` is given and no key is pinned, DiscoveryUnavailable, and the errors of `known_list`.
    """
    file = _file_of(domain)
    with lock_file(file):
        followed = known_list(domain)
        publishers, policy = sources.publishers(domain), sources.policy(domain)
        if followed is not None and key in (None, followed.pinned, followed.key):
            renewal = find_newest(followed, publishers, provider, at=at, policy=policy)
        elif (pinned := key or _read_pinned(domain)) is not None:
            renewal = begin_to_follow(domain, pinned, publishers, provider, at=at, policy=policy)
        else:
            raise NotFollowed(f"nothing is known of {domain} yet: give its key by --key")
        if renewal.followed is not followed:
            write_whole(file, build_followed_discovery(renewal.followed), mode=_PRIVATE_MODE)
    return renewal


def _known_keys(domain: str) -> tuple[str, ...]:
    followed = known_list(domain)
    if followed is not None:
        return (followed.pinned, followed.key)
    pinned = _read_pinned(domain)
    return () if pinned is None else (pinned,)


def _file_of(domain: str) -> Path:
    """The file of a normalised domain. Such a domain has no slash, and no dot at its beginning."""
    return default_folder() / f"{domain}.json"


def _read_pinned(domain: str) -> str | None:
    """The key that was pinned before any document was seen, or None. Raises OSError or MalformedMessage."""
    file = _pinned_file_of(domain)
    try:
        key = read_small(file, max_bytes=_MAX_KEY_BYTES).decode("ascii", "replace").strip()
        read_ed25519(key)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise MalformedMessage(str(error), str(file)) from None
    return key


def _pinned_file_of(domain: str) -> Path:
    return default_folder() / f"{domain}.key"
