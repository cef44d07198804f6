"""The verb about an organisation's signed list: pinned here and held against what was seen before, kept by the page."""

from __future__ import annotations

import datetime
from typing import Any

from smime_core.errors import SmimeError, TrustListRefused
from smime_core.provider import CryptoProvider
from smime_core.trust_list import (
    FollowedList,
    build_followed_list,
    find_operator,
    follow_trust_list,
    parse_followed_list,
    renew_trust_list,
)
from smime_core.trust_list_json import trust_list_to_json
from wasm_build.requests import parse_time

_ANOTHER_OPERATOR = "another-operator"


async def follow_list(args: dict[str, Any], provider: CryptoProvider) -> dict[str, Any]:
    """`{followed, operator, list, problems}`: what is followed after `list` was handed out, and why a list is refused.

    Without `followed` the signer of `list` is pinned. With it only a newer list by the same operator is taken; any
    other leaves what was followed. `list` is null where nothing counts now.
    """
    at, given = parse_time(args["at"]), args.get("followed")
    followed = parse_followed_list(given) if given else None
    problems: list[dict[str, str]] = []
    if args.get("list"):
        try:
            followed = await _follow(followed, args["list"], provider=provider, at=at)
        except SmimeError as error:
            problems.append(_problem(error, followed, args["list"]))
    if followed is None:
        return {"followed": None, "operator": None, "list": None, "problems": problems}
    try:
        trust_list = await followed.open(provider=provider, at=at)
        described = trust_list_to_json(trust_list, followed.operator)
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


async def _follow(
    followed: FollowedList | None, cms: bytes, *, provider: CryptoProvider, at: datetime.datetime
) -> FollowedList:
    if followed is None:
        return await follow_trust_list(cms, operator=find_operator(cms), provider=provider, at=at)
    return await renew_trust_list(followed, cms, provider=provider, at=at)


def _problem(error: SmimeError, followed: FollowedList | None, cms: bytes) -> dict[str, str]:
    return {"code": _ANOTHER_OPERATOR if _is_of_another(followed, cms) else error.code, "message": str(error)}


def _is_of_another(followed: FollowedList | None, cms: bytes) -> bool:
    try:
        return followed is not None and find_operator(cms) != followed.operator
    except SmimeError:
        return False
