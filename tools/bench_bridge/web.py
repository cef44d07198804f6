"""A small HTTP client: it keeps one connection and its cookies, and measures until the last byte of each answer."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and the milliseconds that it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: float


class Refused(Exception):
    """An answer has another status than expected."""


class Web:
    """One browser at one server on loopback."""

    def __init__(self, port: int, source: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> None:
        """`source` is the client's own IP address. With `context` the connection has TLS for the host localhost."""
        place: dict[str, Any] = {"host": "127.0.0.1", "port": port, "timeout": 120, "source_address": (source, 0)}
        self._connection = (
            http.client.HTTPSConnection(**place, context=context) if context else http.client.HTTPConnection(**place)
        )
        self._headers = {"Host": "localhost"} if context else {}
        self._cookies: dict[str, str] = {}

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        expected: tuple[int, ...] = (200,),
    ) -> Answer:
        """Send one request. Raises Refused for an unexpected status."""
        sent = {**self._headers, **(headers or {})}
        if self._cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        start = time.perf_counter()
        self._connection.request(method, path, body, sent)
        response = self._connection.getresponse()
        content = response.read()
        milliseconds = (time.perf_counter() - start) * 1000
        for value in response.headers.get_all("Set-Cookie", []):
            self._cookies.update({name: morsel.value for name, morsel in SimpleCookie(value).items()})
        if response.status not in expected:
            raise Refused(f"{method} {path.partition('?')[0]}: {response.status} {content[:300]!r}")
        return Answer(response.status, dict(response.headers), content, milliseconds)

    @property
    def cookie(self) -> str:
        """The cookies as a request's header."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
