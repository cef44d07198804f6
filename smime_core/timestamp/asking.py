"""Obtaining a timestamp: the request, the service's answer, and whether the one is to the other.

Who carries the request to a service and its answer back is the caller's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from smime_core.algorithms import HashName
from smime_core.der import Buffer
from smime_core.provider import CryptoProvider
from smime_core.signed_content import OctetsContent
from smime_core.timestamp.request import build_timestamp_request, new_timestamp_request, parse_timestamp_response
from smime_core.timestamp.token import TimestampToken
from smime_core.timestamp.verifying import check_answer, check_token

Ask = Callable[[bytes], Awaitable[bytes]]
"""Posts a TimeStampReq to a service as QUERY_TYPE, and gives the TimeStampResp that it answers."""


async def obtain_timestamp(
    octets: Buffer,
    ask: Ask,
    *,
    provider: CryptoProvider,
    hash_name: HashName = HashName.SHA256,
    tsa_policy: str | None = None,
) -> TimestampToken:
    """A fresh timestamp of `octets`: it answers our request, and its signature holds. Nothing says whom to trust.

    Raises TimestampRefused, and what `check_answer` and `check_token` raise.
    """
    request = await new_timestamp_request(octets, provider=provider, hash_name=hash_name, tsa_policy=tsa_policy)
    token = parse_timestamp_response(await ask(build_timestamp_request(request)))
    check_answer(token, request)
    await check_token(token, OctetsContent(octets, provider=provider), provider=provider)
    return token
