"""The way to a key server for native programs, over urllib. In browsers, pages and extension use fetch()."""

from __future__ import annotations

import ssl
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import (
    BaseHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from roaming_keys.calls import Call
from roaming_keys.protocol import normalise_origin
from roaming_keys.session import KeyServerError
from roaming_keys.wire import MAX_ANSWER_BYTES, Refusal, Registration
from smime_core.errors import SmimeError

TIMEOUT_SECONDS = 20.0
_MAX_RETRY_AFTER_DIGITS = 9  # Nine digits are 30 years. Python refuses to parse more than 4,300 digits.
_NOT_MODIFIED = 304


class HttpTransport:
    """Sends the requests of a session to one server. Its methods wait, though they are coroutines."""

    def __init__(self, server: str, tls: ssl.SSLContext | None = None) -> None:
        # normalise_origin allows only https, and http on loopback.
        self._server = normalise_origin(server)
        self._opener = _opener(self._server, tls)

    async def send(self, call: Call, authorization: str | None = None) -> bytes:
        """Return the body of the answer; empty if nothing has changed (304). Raises KeyServerError."""
        headers = {"Authorization": authorization} if authorization else {}
        if call.condition:
            headers["If-None-Match" if call.method == "GET" else "If-Match"] = call.condition
        if call.body:
            headers["Content-Type"] = "application/json"
        prepared = Request(  # noqa: S310  # the scheme was checked
            self._server + call.path, data=call.body or None, headers=headers, method=call.method
        )
        try:
            with self._opener.open(prepared, timeout=TIMEOUT_SECONDS) as response:
                return bytes(response.read(MAX_ANSWER_BYTES + 1))
        except HTTPError as error:
            with error:
                if error.code == _NOT_MODIFIED:
                    return b""
                raise _refusal(error) from None
        except (URLError, HTTPException, OSError) as error:
            raise KeyServerError("key-server-unreachable", f"the key server does not answer: {error}") from error


async def register_account(transport: HttpTransport, registration: Registration) -> None:
    """Send a registration to the key server. Raises KeyServerError."""
    await transport.send(Call(method="POST", path="/register", body=registration.to_json()))


def _opener(url: str, tls: ssl.SSLContext | None) -> OpenerDirector:
    handlers: list[BaseHandler] = [_NoRedirects(), HTTPSHandler(context=tls or ssl.create_default_context())]
    if url.startswith("http:"):
        # A request to this machine must not use a proxy that the environment variables name.
        handlers.append(ProxyHandler({}))
    return build_opener(*handlers)


class _NoRedirects(HTTPRedirectHandler):
    """Refuses redirects, which would send a user's address to another server."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        return None


def _refusal(error: HTTPError) -> KeyServerError:
    retry_after = error.headers.get("Retry-After", "")
    is_number = retry_after.isascii() and retry_after.isdigit() and len(retry_after) <= _MAX_RETRY_AFTER_DIGITS
    retry_after_seconds = int(retry_after) if is_number else None
    try:
        refusal = Refusal.from_json(error.read(MAX_ANSWER_BYTES + 1))
    except (SmimeError, HTTPException, OSError):
        return KeyServerError(
            "key-server-error", f"the key server answers with status {error.code}", retry_after_seconds
        )
    return KeyServerError(refusal.code, refusal.message, retry_after_seconds, refusal.record)
