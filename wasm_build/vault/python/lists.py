"""The verb about an organisation's signed trust list.

The vault pins the signer of the first list, and compares each later list with the followed list. The page keeps the
followed list as bytes.
"""

from __future__ import annotations

import datetime

from smime_core.errors import SmimeError, TrustListRefused
from smime_core.own_content import (
    FollowedList,
    build_followed_list,
    find_operator,
    follow_trust_list,
    parse_followed_list,
    renew_trust_list,
    trust_list_to_json,
)
from smime_core.provider import CryptoProvider
from wasm_build.vault.python.replies import Reply
from wasm_build.vault.python.requests import request_class

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
            followed = await _follow(followed, request.list_, provider, at=at)
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


async def _follow(
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
