"""Requests to a timestamp service over HTTP (RFC 3161 section 3.4), at the address that the user gave."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from sealwax.lookups.fetch import FetchPolicy, FetchRequest, fetch
from smime_core.limits import MAX_TIMESTAMP_BYTES
from smime_core.timestamp import QUERY_TYPE


def ask_service(url: str) -> Callable[[bytes], Coroutine[Any, Any, bytes]]:
    """A function that posts requests to the service at `url`. It has the type `timestamp.Ask`.

    The user has typed the address, so it may name any host and port, also in a private network. The other rules of
    `fetch` apply: no redirects, a deadline, a limit for the answer. The returned function raises LookupFailed.
    """

    async def ask(request: bytes) -> bytes:
        return post_query(url, request)

    return ask


def post_query(url: str, request: bytes) -> bytes:
    """The answer of the service at `url` to one request, with the rules of `ask_service`. Raises LookupFailed."""
    policy = FetchPolicy(allowed_hosts=frozenset(_hosts_of(url)), max_body_bytes=MAX_TIMESTAMP_BYTES)
    return fetch(FetchRequest(url=url, body=request, content_type=QUERY_TYPE), policy)


def _hosts_of(url: str) -> list[str]:
    # Returns the host, with the port if the URL names one. For a text that is no URL, returns nothing, and `fetch`
    # refuses it.
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return []
    host = parts.hostname or ""
    name = f"[{host}]" if ":" in host else host.removesuffix(".")
    return [name if port is None else f"{name}:{port}"]
