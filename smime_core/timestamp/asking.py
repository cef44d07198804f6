"""Obtain a timestamp: build the request, and check that the service's answer belongs to it.

The caller sends the request to a service and returns its answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from smime_core.algorithms import HashName
from smime_core.asn1.der import Buffer
from smime_core.cms.signed_content import OctetsContent, SignedContent
from smime_core.provider import CryptoProvider
from smime_core.timestamp.request import (
    NONCE_BYTES,
    TimestampRequest,
    build_timestamp_request,
    parse_timestamp_response,
)
from smime_core.timestamp.token import TimestampToken
from smime_core.timestamp.tst_info import MessageImprint
from smime_core.timestamp.verifying import check_answer, check_token

Ask = Callable[[bytes], Awaitable[bytes]]
"""A function that posts a TimeStampReq to a service as QUERY_TYPE and returns the TimeStampResp."""


async def obtain_timestamp(
    octets: Buffer,
    ask: Ask,
    provider: CryptoProvider,
    hash_name: HashName = HashName.SHA256,
    *,
    tsa_policy: str | None = None,
) -> TimestampToken:
    """A fresh timestamp of `octets`, which answers our request and has a valid signature. Trust is not checked.

    Raises TimestampRefused, and the errors of `check_answer` and `check_token`.
    """
    content = OctetsContent(octets, provider)
    request = await new_timestamp_request(content, provider, hash_name, tsa_policy=tsa_policy)
    token = parse_timestamp_response(await ask(build_timestamp_request(request)))
    check_answer(token, request)
    await check_token(token, content, provider)
    return token


async def new_timestamp_request(
    content: SignedContent,
    provider: CryptoProvider,
    hash_name: HashName = HashName.SHA256,
    *,
    tsa_policy: str | None = None,
) -> TimestampRequest:
    """A request for a timestamp of `content`, with a fresh nonce. It also asks for the service's certificate."""
    imprint = MessageImprint(hash_name=hash_name, digest=await content.digest(hash_name))
    # A random number of 128 bits, so that no two requests have the same.
    nonce = int.from_bytes(provider.random_bytes(NONCE_BYTES), "big")
    return TimestampRequest(imprint=imprint, nonce=nonce, tsa_policy=tsa_policy)
