"""The verb that finds an account's key server in the signed list of its domain (docs/discovery_protocol.md).

The page fetches the list from any server, and keeps the followed list as bytes. The signature is verified here.
"""

from __future__ import annotations

import datetime

from roaming_keys.protocol.key_account import normalise_origin, normalise_user
from smime_core.errors import SmimeError
from smime_core.own_content import (
    FollowedDiscovery,
    ServerKind,
    ServerList,
    build_followed_discovery,
    follow_discovery,
    normalise_domain,
    parse_followed_discovery,
    renew_discovery,
)
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import request_class


@request_class
class FindKeyServers:
    server: str
    user: str
    key: str
    signed: bytes = b""
    followed: bytes = b""
    at: datetime.datetime


async def find_key_servers(request: FindKeyServers, provider: CryptoProvider) -> Reply:
    """Returns `{followed, addresses, problems}`: the addresses of the account's key server, the preferred first.

    `server` is the name of the key server. Servers with other names have other accounts, and are left out. If a list is
    refused, the followed list stays, and the error's code is in `problems`. Raises SmimeError for a wrong server.
    """
    name = normalise_origin(request.server)
    domain = normalise_domain(normalise_user(request.user).rpartition("@")[2])
    problems: list[dict[str, str]] = []
    followed = _known(request, domain)
    if request.signed:
        try:
            followed = await _follow(followed, request, domain, provider)
        except SmimeError as error:
            problems.append({"code": error.code, "message": str(error)})
    try:
        addresses = [] if followed is None else _addresses(await followed.open(provider, at=request.at), name)
    except SmimeError as error:
        # The last good list expired too long ago.
        addresses = []
        problems.append({"code": error.code, "message": str(error)})
    discovery = None if followed is None else build_followed_discovery(followed)
    return {"followed": discovery, "addresses": addresses, "problems": problems}


def _known(request: FindKeyServers, domain: str) -> FollowedDiscovery | None:
    """The followed list, or None if it is for another domain, or if the pages' configuration now names another key."""
    if not request.followed:
        return None
    followed = parse_followed_discovery(request.followed)
    return followed if followed.domain == domain and request.key in (followed.pinned, followed.key) else None


async def _follow(
    followed: FollowedDiscovery | None, request: FindKeyServers, domain: str, provider: CryptoProvider
) -> FollowedDiscovery:
    if followed is None:
        return await follow_discovery(request.signed, provider, domain, request.key, request.at)
    return await renew_discovery(followed, request.signed, provider, request.at)


def _addresses(server_list: ServerList, name: str) -> list[str]:
    return [
        server.address
        for server in server_list.of_kind(ServerKind.KEY_SERVER)
        if server.name == name and normalise_origin(server.address) == server.address
    ]
