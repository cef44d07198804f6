"""The verbs about signed lists: an organisation's trust list, a domain's servers, and the files of a site's pages.

The vault pins the signer of the first trust list, and compares each later list with the followed list. The page fetches
the list of a domain's servers from any server (docs/discovery_protocol.md). It keeps followed lists as bytes; the
signatures are verified here. The extension pins the fingerprint of the signer for each site's list of page files, and
keeps the newest version that it has seen.
"""

from __future__ import annotations

import datetime

from roaming_keys.protocol.key_account import normalise_origin, normalise_user
from smime_core.errors import SmimeError, TrustListRefused
from smime_core.own_content import (
    Coverage,
    FollowedDiscovery,
    FollowedList,
    SeenRelease,
    ServerKind,
    ServerList,
    build_followed_discovery,
    build_followed_list,
    find_operator,
    follow_discovery,
    follow_trust_list,
    normalise_domain,
    parse_followed_discovery,
    parse_followed_list,
    renew_discovery,
    renew_trust_list,
    trust_list_to_json,
    verify_release,
)
from smime_core.provider import CryptoProvider
from smime_core.report import time_to_json
from wasm_build.vault.python.requests import Reply, request_class

_ANOTHER_OPERATOR = "another-operator"


@request_class
class FollowList:
    list_: bytes = b""
    followed: bytes = b""
    at: datetime.datetime


async def follow_list(request: FollowList, provider: CryptoProvider) -> Reply:
    """Returns `{followed, operator, list, problems}`: the list followed from now on, and why a list was refused.

    Without `followed` the signer of the given list is pinned as the operator. With `followed` the given list replaces
    the followed list only if it is newer and from the same operator. `list` in the reply is null if no list is valid
    now.
    """
    at = request.at
    followed = parse_followed_list(request.followed) if request.followed else None
    problems: list[dict[str, str]] = []
    if request.list_:
        try:
            followed = await _follow_trust_list(followed, request.list_, provider, at=at)
        except SmimeError as error:
            problems.append(_problem(error, followed, request.list_))
    if followed is None:
        return {"followed": None, "operator": None, "list": None, "problems": problems}
    try:
        described = trust_list_to_json(await followed.open(provider, at=at), followed.operator)
    except TrustListRefused as error:
        described = None
        if str(error) not in [problem["message"] for problem in problems]:
            problems.append({"code": error.code, "message": str(error)})
    return {
        "followed": build_followed_list(followed),
        "operator": followed.operator.der,
        "list": described,
        "problems": problems,
    }


async def _follow_trust_list(
    followed: FollowedList | None, cms: bytes, provider: CryptoProvider, *, at: datetime.datetime
) -> FollowedList:
    if followed is None:
        return await follow_trust_list(cms, provider, find_operator(cms), at)
    return await renew_trust_list(followed, cms, provider, at)


def _problem(error: SmimeError, followed: FollowedList | None, cms: bytes) -> dict[str, str]:
    return {"code": _ANOTHER_OPERATOR if _is_of_another(followed, cms) else error.code, "message": str(error)}


def _is_of_another(followed: FollowedList | None, cms: bytes) -> bool:
    try:
        return followed is not None and find_operator(cms) != followed.operator
    except SmimeError:
        return False


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
            followed = await _follow_discovery(followed, request, domain, provider)
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


async def _follow_discovery(
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


@request_class
class VerifyPages:
    list_: bytes
    keys: tuple[str, ...]
    at: datetime.datetime
    seen_version: str = ""
    seen_digest: str = ""


async def verify_pages(request: VerifyPages, provider: CryptoProvider) -> Reply:
    """Returns `{version, digest, ends, signer, files}`: the list, the end of its validity, and its signer."""
    seen = SeenRelease(version=request.seen_version, digest=request.seen_digest) if request.seen_version else None
    verified = await verify_release(
        request.list_, provider, frozenset(request.keys), Coverage.PAGES, at=request.at, seen=seen
    )
    return {
        "version": verified.release.version,
        "digest": verified.seen.digest,
        "ends": time_to_json(verified.signer.not_after),
        "signer": {"name": verified.signer.common_name, "fingerprint": verified.signer.fingerprint},
        "files": [
            {"path": file.path, "bytes": file.bytes, "integrity": file.integrity} for file in verified.release.files
        ],
    }
