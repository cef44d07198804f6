"""The way to a key server or bridge for native programs, over urllib. In browsers, pages and extension use fetch()."""

from __future__ import annotations

import io
import ssl
import threading
from concurrent.futures import Future
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

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.key_account import normalise_origin
from roaming_keys.protocol.messages.accounts import MAX_ANSWER_BYTES, Refusal, Registration
from roaming_keys.protocol.messages.resets import ResetAnswer, ResetRequest
from roaming_keys.protocol.session import KeyServerError, Transport
from smime_core.errors import SmimeError

TIMEOUT_SECONDS = 20.0  # for each step
TOTAL_SECONDS = 90.0  # Three megabytes at 300 kbit/s.
_MAX_RETRY_AFTER_DIGITS = 9  # Nine digits are 30 years. Python refuses to parse more than 4,300 digits.
_NOT_MODIFIED = 304


class HttpTransport:
    """Sends the requests of a session to one server. Its methods wait, though they are coroutines."""

    def __init__(self, server: str, tls: ssl.SSLContext | None = None) -> None:
        # normalise_origin allows only https, and http on loopback.
        self._server = normalise_origin(server)
        self._opener = build_plain_opener(self._server, tls)

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
            return exchange(self._opener, prepared)
        except HTTPError as error:
            with error:
                if error.code == _NOT_MODIFIED:
                    return b""
                raise _refusal(error) from None
        except (URLError, HTTPException, OSError) as error:
            raise KeyServerError("key-server-unreachable", f"the key server does not answer: {error}") from error


async def register_account(transport: Transport, registration: Registration) -> None:
    """Send a registration to the key server. Raises KeyServerError."""
    await transport.send(Call(method="POST", path="/register", body=registration.to_json()))


async def start_reset(transport: Transport, user: str, ticket: str) -> ResetAnswer:
    """Start a reset of the account of `user`, or return the one that goes on. Raises KeyServerError."""
    body = ResetRequest(user=user, ticket=ticket).to_json()
    return ResetAnswer.from_json(await transport.send(Call(method="POST", path="/reset", body=body)))


async def finish_reset(transport: Transport, registration: Registration) -> None:
    """Put a new account in the place of the one whose passphrase is forgotten. Raises KeyServerError."""
    await transport.send(Call(method="POST", path="/reset/finish", body=registration.to_json()))


def exchange(opener: OpenerDirector, request: Request) -> bytes:
    """Return the body of the answer, of MAX_ANSWER_BYTES and one more at most.

    Raises HTTPError for another status than 200 to 299, with the body that came with it, or HTTPException or OSError:
    TimeoutError if all of it takes longer than TOTAL_SECONDS.
    """
    answer: Future[bytes] = Future()

    def run() -> None:
        try:
            answer.set_result(_read_answer(opener, request))
        except Exception as error:  # noqa: BLE001  # raised where the answer is waited for
            answer.set_exception(error)

    # The timeout of a socket starts anew with each byte. A server that goes on for ever is left to a thread that ends
    # with the program.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(TOTAL_SECONDS)
    if not answer.done():
        raise TimeoutError(f"no whole answer in {TOTAL_SECONDS:.0f} seconds")
    return answer.result()


def _read_answer(opener: OpenerDirector, request: Request) -> bytes:
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            return bytes(response.read(MAX_ANSWER_BYTES + 1))
    except HTTPError as error:
        with error:
            body = error.read(MAX_ANSWER_BYTES + 1)
        raise HTTPError(request.full_url, error.code, error.msg, error.headers, io.BytesIO(body)) from None


def build_plain_opener(url: str, tls: ssl.SSLContext | None = None, *further: BaseHandler) -> OpenerDirector:
    """Return an opener that follows no redirects."""
    handlers: list[BaseHandler] = [_NoRedirects(), HTTPSHandler(context=tls or ssl.create_default_context()), *further]
    if url.startswith("http:"):
        # A request to this machine must not use a proxy that the environment variables name.
        handlers.append(ProxyHandler({}))
    return build_opener(*handlers)


class _NoRedirects(HTTPRedirectHandler):
    """Refuses redirects, which would send what a person trusts to one server to another one."""

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
