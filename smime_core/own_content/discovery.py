"""Discovery documents: the list of a domain's servers, signed by the operator's Ed25519 key.

Each client has pinned the key. The document has a number and a time of expiry. A document that is older than a known
one, or that has expired, is refused. Therefore the server that distributes the document can neither name other servers
nor bring back former servers. The signed document is JSON:

    {"format": "sealwax-signed-discovery-1", "document": base64, "key": "ed25519:…", "signature": base64,
    "successions": [{"old": "ed25519:…", "new": "ed25519:…", "signature": base64}, ...]}

The operator's key is replaced by a succession: the old key signs the new one. A client that has followed a succession
accepts nothing more from the old key. docs/discovery_protocol.md describes all of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from smime_core.errors import (
    DiscoveryExpired,
    DiscoveryNotYetValid,
    DiscoveryOfAnotherDomain,
    DiscoveryOlder,
    DiscoveryUnsigned,
    SignatureMismatch,
)
from smime_core.limits import MAX_DISCOVERY_BYTES, MAX_SUCCESSIONS
from smime_core.own_content.discovery_key import (
    key_member,
    key_text,
    sign_fields,
    verify_fields,
)
from smime_core.own_content.own_content import build_members
from smime_core.own_content.server_list import ServerList, build_server_list, parse_server_list
from smime_core.provider import CryptoProvider, PrivateKey
from smime_core.text import JsonObject, base64_text, utc_text

FORMAT: Final = "sealwax-signed-discovery-1"
FOLLOWED_FORMAT: Final = "sealwax-followed-discovery-1"
MAX_CLOCK_DIFFERENCE: Final = datetime.timedelta(minutes=10)
LAST_GOOD: Final = datetime.timedelta(days=30)
"""A client that gets no newer document uses its last good document for this time after the document has expired.

Later, somebody else may have registered the name of a server.
"""

_WHERE: Final = "discovery document"
_FOLLOWED: Final = "followed discovery"
_MEMBERS: Final = ("format", "document", "key", "signature", "successions")
_SUCCESSION_MEMBERS: Final = ("old", "new", "signature")
_FOLLOWED_MEMBERS: Final = ("format", "domain", "pinned", "key", "signed")
_DOCUMENT: Final = "document 1"
_SUCCESSION: Final = "succession 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """The statement by which the key `old` names its successor `new` for one domain."""

    old: str
    new: str
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDiscovery:
    """A signed document as it was read. Nothing is verified."""

    document: bytes
    key: str
    signature: bytes
    successions: tuple[Succession, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedDiscovery:
    """A domain whose servers a client follows: the pinned key, its newest successor, and the newest document.

    `key` equals `pinned` as long as there is no successor.
    """

    domain: str
    pinned: str
    key: str
    signed: bytes

    async def open(self, provider: CryptoProvider, *, at: datetime.datetime) -> ServerList:
        """The list of the newest document, verified again. It may be used until LAST_GOOD after its expiry.

        Raises DiscoveryExpired, DiscoveryUnsigned, DiscoveryOfAnotherDomain, MalformedMessage or LimitExceeded.
        """
        server_list, _ = await _verify(self.signed, provider, self.domain, self.key)
        _check_end(server_list, at - LAST_GOOD)
        return server_list


async def sign_discovery(
    server_list: ServerList, provider: CryptoProvider, *, key: PrivateKey, successions: Sequence[Succession] = ()
) -> bytes:
    """The signed document. Raises MalformedMessage or LimitExceeded for a list that readers would refuse.

    `successions` are those that led to `key`, the oldest first. The oldest are left out if there are too many.
    """
    document = build_server_list(server_list)
    signed = build_members(
        format=FORMAT,
        document=base64_text(document),
        key=key_text(key),
        signature=base64_text(await sign_fields(key, provider, _DOCUMENT, document)),
        successions=[
            {"old": succession.old, "new": succession.new, "signature": base64_text(succession.signature)}
            for succession in successions[-MAX_SUCCESSIONS:]
        ],
    )
    # Parsing raises an error for a document that readers would refuse.
    parse_signed_discovery(signed)
    return signed


async def sign_succession(
    domain: str, provider: CryptoProvider, *, old_key: PrivateKey, new_key: PrivateKey
) -> Succession:
    """The statement that `new_key` follows `old_key` for this domain."""
    old, new = key_text(old_key), key_text(new_key)
    return Succession(old=old, new=new, signature=await sign_fields(old_key, provider, _SUCCESSION, domain, old, new))


async def follow_discovery(
    signed: bytes, provider: CryptoProvider, domain: str, key: str, at: datetime.datetime
) -> FollowedDiscovery:
    """Begin to follow a domain with the key that the client pins, at the time `at`.

    (0) The pinned key, or the last of its successors, has signed the document. (1) Its JSON has the right members, and
    names this domain. (2) The document has been issued and has not expired. Raises DiscoveryUnsigned,
    DiscoveryOfAnotherDomain, DiscoveryNotYetValid, DiscoveryExpired, MalformedMessage or LimitExceeded.
    """
    followed, _ = await _follow(signed, provider, domain, key, at)
    return followed


async def renew_discovery(
    followed: FollowedDiscovery, signed: bytes, provider: CryptoProvider, at: datetime.datetime
) -> FollowedDiscovery:
    """Replace the followed document with a newer one. The same document again changes nothing.

    Raises the errors of `follow_discovery`, and DiscoveryOlder for another document that is not newer.
    """
    newer, server_list = await _follow(signed, provider, followed.domain, followed.key, at)
    newer = replace(newer, pinned=followed.pinned)
    known, _ = await _verify(followed.signed, provider, followed.domain, followed.key)
    if server_list.number > known.number:
        return newer
    if server_list == known:
        return followed
    raise DiscoveryOlder(f"the document is number {server_list.number}, and number {known.number} was seen already")


def parse_signed_discovery(signed: bytes) -> SignedDiscovery:
    """Parse a signed document without verifying it. Raises MalformedMessage or LimitExceeded."""
    members = JsonObject.of_version(signed, _MEMBERS, FORMAT, _WHERE, max_bytes=MAX_DISCOVERY_BYTES)
    return SignedDiscovery(
        document=members.data("document", MAX_DISCOVERY_BYTES),
        key=key_member(members, "key"),
        signature=members.data("signature", MAX_DISCOVERY_BYTES),
        successions=tuple(map(parse_succession, members.values("successions", limit=MAX_SUCCESSIONS))),
    )


def parse_succession(value: object) -> Succession:
    """The succession in a value of JSON. Raises MalformedMessage."""
    members = JsonObject.of(value, _SUCCESSION_MEMBERS, _WHERE)
    return Succession(
        old=key_member(members, "old"),
        new=key_member(members, "new"),
        signature=members.data("signature", MAX_DISCOVERY_BYTES),
    )


def build_followed_discovery(followed: FollowedDiscovery) -> bytes:
    """The JSON form of a followed domain, for the client's own storage."""
    return build_members(
        format=FOLLOWED_FORMAT,
        domain=followed.domain,
        pinned=followed.pinned,
        key=followed.key,
        signed=base64_text(followed.signed),
    )


def parse_followed_discovery(data: bytes) -> FollowedDiscovery:
    """Parse the JSON form of a followed domain. Raises MalformedMessage or LimitExceeded."""
    members = JsonObject.of_version(
        data, _FOLLOWED_MEMBERS, FOLLOWED_FORMAT, _FOLLOWED, max_bytes=2 * MAX_DISCOVERY_BYTES
    )
    return FollowedDiscovery(
        domain=members.text("domain"),
        pinned=key_member(members, "pinned"),
        key=key_member(members, "key"),
        signed=members.data("signed", MAX_DISCOVERY_BYTES),
    )


async def _follow(
    signed: bytes, provider: CryptoProvider, domain: str, key: str, at: datetime.datetime
) -> tuple[FollowedDiscovery, ServerList]:
    # (0) and (1) The signature and the JSON.
    server_list, newest_key = await _verify(signed, provider, domain, key)
    # (2) The times.
    if at + MAX_CLOCK_DIFFERENCE < server_list.issued:
        raise DiscoveryNotYetValid(f"the document is not valid before {utc_text(server_list.issued)}")
    _check_end(server_list, at)
    return FollowedDiscovery(domain=domain, pinned=key, key=newest_key, signed=bytes(signed)), server_list


async def _verify(signed: bytes, provider: CryptoProvider, domain: str, key: str) -> tuple[ServerList, str]:
    """The list, and the key that has signed it. The times of the list are not checked."""
    # (0) The signature.
    parsed = parse_signed_discovery(signed)
    newest_key = await _follow_successions(parsed, provider, domain, key)
    if parsed.key != newest_key:
        raise DiscoveryUnsigned(f"the document is signed by {parsed.key}, and {newest_key} was expected")
    # The signature is checked before the JSON, so that only the operator's text is parsed.
    await _check_signed(newest_key, parsed.signature, provider, _DOCUMENT, parsed.document)
    # (1) The JSON.
    server_list = parse_server_list(parsed.document)
    if server_list.domain != domain:
        raise DiscoveryOfAnotherDomain(f"the document is of {server_list.domain}, and {domain} was expected")
    return server_list, newest_key


async def _follow_successions(parsed: SignedDiscovery, provider: CryptoProvider, domain: str, key: str) -> str:
    for succession in parsed.successions:
        if succession.old == key:
            await _check_signed(
                key, succession.signature, provider, _SUCCESSION, domain, succession.old, succession.new
            )
            key = succession.new
    return key


async def _check_signed(key: str, signature: bytes, provider: CryptoProvider, *fields: str | bytes) -> None:
    try:
        await verify_fields(key, signature, provider, *fields)
    except SignatureMismatch:
        raise DiscoveryUnsigned(f"a signature is not that of {key}") from None


def _check_end(server_list: ServerList, at: datetime.datetime) -> None:
    if at >= server_list.expires:
        raise DiscoveryExpired(f"the document ended on {utc_text(server_list.expires)}")
