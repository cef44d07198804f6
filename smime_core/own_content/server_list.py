"""The servers of a mail domain: its bridges, key servers and directories, each kind in the order of preference.

The list is the content of a discovery document, JSON with exactly these members:

    {"format": "sealwax-discovery-1", "domain", "number", "issued", "expires", "servers": [{"kind", "name", "address",
    "key": "ed25519:…" or null, "moves"}, ...]}

Accounts, logins and tickets belong to a server's `name`, which is the server's first address. The server's `address` is
its present address. With its key a server may move, and `moves` counts its moves. Servers of unknown kinds are left
out. `discovery` signs and verifies the document (docs/discovery_protocol.md).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.limits import MAX_DISCOVERY_BYTES, MAX_LISTED_SERVERS, MAX_SERVER_ADDRESS_CHARACTERS
from smime_core.own_content.discovery_key import key_member
from smime_core.own_content.own_content import build_members
from smime_core.text import JsonObject, check_origin, utc_text
from smime_core.text.domain_name import find_a_labels

FORMAT: Final = "sealwax-discovery-1"
MAX_DISCOVERY_LIFETIME: Final = datetime.timedelta(
    hours=24
)  # The longest time for which a server can hide a newer list.

_WHERE: Final = "discovery document"
_MEMBERS: Final = ("format", "domain", "number", "issued", "expires", "servers")
_SERVER_MEMBERS: Final = ("kind", "name", "address", "key", "moves")
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1035 section 2.3.4, RFC 1123 section 2.1
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_DOMAIN_CHARACTERS: Final = 253
_KIND: Final = re.compile(r"[a-z]+(?:-[a-z]+)*")
_MAX_KIND_CHARACTERS: Final = 30
# A segment without a leading dot is neither "." nor "..".
_ADDRESS: Final = re.compile(r"(?P<origin>https?://[^/]+)(?P<path>(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)")


class ServerKind(StrEnum):
    """The kinds of servers that a client looks for."""

    BRIDGE = "bridge"
    KEY_SERVER = "key-server"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server. Several servers of a kind with the same `name` hold the same accounts.

    `key` is the text of the Ed25519 key with which the server may move, or None.
    """

    kind: ServerKind
    name: str
    address: str
    key: str | None = None
    moves: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerList:
    """The servers of a domain. A list with a higher `number` is newer."""

    domain: str
    number: int
    issued: datetime.datetime
    expires: datetime.datetime
    servers: tuple[Server, ...]

    def of_kind(self, kind: ServerKind) -> tuple[Server, ...]:
        """The servers of one kind, the preferred one first."""
        return tuple(server for server in self.servers if server.kind is kind)

    def find_by_key(self, key: str) -> Server | None:
        """The server that may move with this key."""
        return next((server for server in self.servers if server.key == key), None)


def normalise_domain(text: str) -> str:
    """A domain in lower case and A-labels. Raises MalformedMessage."""
    domain = find_a_labels(text.removesuffix("."))
    if domain is None:
        raise MalformedMessage("a domain is expected, such as example.org", _WHERE)
    _check_domain(domain)
    return domain


def check_address(address: str) -> None:
    """Check that a server's address is an origin, with a path if it needs one. Plain HTTP needs a loopback host.

    Raises MalformedMessage.
    """
    written = _ADDRESS.fullmatch(address) if len(address) <= MAX_SERVER_ADDRESS_CHARACTERS else None
    try:
        check_origin(written["origin"] if written else "")
    except ValueError:
        raise MalformedMessage(
            "an address is expected: https, host, port and path, or http on a loopback host", _WHERE
        ) from None


def build_server_list(server_list: ServerList) -> bytes:
    """The JSON of a list. Raises MalformedMessage or LimitExceeded for a list that readers would refuse."""
    content = build_members(
        format=FORMAT,
        domain=server_list.domain,
        number=server_list.number,
        issued=utc_text(server_list.issued),
        expires=utc_text(server_list.expires),
        servers=[
            {
                "kind": server.kind,
                "name": server.name,
                "address": server.address,
                "key": server.key,
                "moves": server.moves,
            }
            for server in server_list.servers
        ],
    )
    parse_server_list(content)
    return content


def parse_server_list(content: bytes) -> ServerList:
    """Parse the JSON of a list. Raises MalformedMessage or LimitExceeded."""
    members = JsonObject.of_version(content, _MEMBERS, FORMAT, _WHERE, max_bytes=MAX_DISCOVERY_BYTES)
    _check_domain(members.text("domain"))
    issued, expires = members.time("issued"), members.time("expires")
    if not datetime.timedelta(0) < expires - issued <= MAX_DISCOVERY_LIFETIME:
        raise MalformedMessage("it lasts more than 24 hours, or no time at all", _WHERE)
    servers = [_parse_server(member) for member in members.values("servers", limit=MAX_LISTED_SERVERS)]
    known = tuple(server for server in servers if server is not None)
    _check_unique("key", (server.key for server in known if server.key))
    _check_unique("address", (f"{server.kind} {server.address}" for server in known))
    return ServerList(
        domain=members.text("domain"), number=members.number("number"), issued=issued, expires=expires, servers=known
    )


def _parse_server(value: object) -> Server | None:
    members = JsonObject.of(value, _SERVER_MEMBERS, _WHERE)
    kind, name, address = members.text("kind"), members.text("name"), members.text("address")
    check_address(name)
    check_address(address)
    key = None if members.value("key") is None else key_member(members, "key")
    moves = members.number("moves")
    if len(kind) > _MAX_KIND_CHARACTERS or not _KIND.fullmatch(kind):
        raise MalformedMessage("kind is not a short word in lower case", _WHERE)
    if kind not in set(ServerKind):
        return None
    return Server(kind=ServerKind(kind), name=name, address=address, key=key, moves=moves)


def _check_domain(domain: str) -> None:
    if len(domain) > _MAX_DOMAIN_CHARACTERS or not _DOMAIN.fullmatch(domain):
        raise MalformedMessage("a domain is expected, such as example.org", _WHERE)


def _check_unique(name: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise MalformedMessage(f"two servers have the same {name}", _WHERE)
        seen.add(value)
