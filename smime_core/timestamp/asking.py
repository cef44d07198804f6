"""Obtaining a timestamp: the request, the service's answer, and whether the one is to the other.

Who carries the request to a service and its answer back is the caller's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from smime_core.algorithms import HashName
from smime_core.der import Buffer
from smime_core.provider import CryptoProvider
from smime_core.signed_content import OctetsContent, SignedContent
from smime_core.timestamp.request import (
    TimestampRequest,
    build_timestamp_request,
    new_nonce,
    parse_timestamp_response,
)
from smime_core.timestamp.token import TimestampToken
from smime_core.timestamp.tst_info import MessageImprint
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
    content = OctetsContent(octets, provider=provider)
    request = await new_timestamp_request(content, provider=provider, hash_name=hash_name, tsa_policy=tsa_policy)
    token = parse_timestamp_response(await ask(build_timestamp_request(request)))
    check_answer(token, request)
    await check_token(token, content, provider=provider)
    return token


async def new_timestamp_request(
    content: SignedContent,
    *,
    provider: CryptoProvider,
    hash_name: HashName = HashName.SHA256,
    tsa_policy: str | None = None,
) -> TimestampRequest:
    """A request for a timestamp of `content`, with a fresh nonce, and the service's certificate asked for."""
    imprint = MessageImprint(hash_name=hash_name, digest=await content.digest(hash_name))
    return TimestampRequest(imprint=imprint, nonce=new_nonce(provider), tsa_policy=tsa_policy)
