"""A client of the key server for native programs, over urllib: for the demonstration's registration, tests and tools.

In browsers, fetch() and `protocol.py` in the vault use the same protocol.
"""

from __future__ import annotations

import ssl
from datetime import datetime
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

from roaming_keys.protocol import KeyAccount, normalise_origin, open_bundle, sign_login, stretch
from roaming_keys.wire import (
    MAX_RECORD_BYTES,
    LoginTerms,
    ParametersRequest,
    Registration,
    SealedBundle,
    parse_error,
)
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.identity import Identity
from smime_core.provider import CryptoProvider

TIMEOUT_SECONDS = 20.0
_MAX_RETRY_AFTER_DIGITS = 9  # Nine digits are 30 years. Python refuses to parse more than 4,300 digits.


class KeyServerError(SmimeError):
    """The key server refused a request or cannot be reached.

    `code` is the code in the server's error, `key-server-error` if its answer is no such error, or
    `key-server-unreachable`.
    """

    def __init__(self, code: str, message: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # here the code comes from the server
        self.retry_after_seconds = retry_after_seconds


def register(server: str, registration: Registration, *, tls: ssl.SSLContext | None = None) -> None:
    """Send a registration to the key server. Raises KeyServerError."""
    request(server, "/register", registration.to_json(), tls)


async def fetch(
    account: KeyAccount, provider: CryptoProvider, *, at: datetime, tls: ssl.SSLContext | None = None
) -> tuple[Identity, ...]:
    """Return the user's identities from the key server. `at` is the time now, aware.

    Raises KeyServerError, and the errors of `open_bundle`.
    """
    asked = ParametersRequest(user=account.user)
    terms = LoginTerms.from_json(request(account.server, "/parameters", asked.to_json(), tls))
    keys = await stretch(account, terms.parameters, provider)
    login = await sign_login(account, keys, terms.nonce, at, provider)
    sealed = SealedBundle.from_json(request(account.server, "/login", login.to_json(), tls))
    return await open_bundle(sealed, account.user, keys.wrap_key, provider)


def request(server: str, path: str, body: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """Return the answer to a POST of JSON. Raises KeyServerError."""
    # normalise_origin allows only https, and http on loopback.
    url = normalise_origin(server) + path
    prepared = Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310
    try:
        with _opener(url, tls).open(prepared, timeout=TIMEOUT_SECONDS) as response:
            return bytes(response.read(MAX_RECORD_BYTES + 1))
    except HTTPError as error:
        with error:
            raise _refusal(error) from None
    except (URLError, HTTPException, OSError) as error:
        raise KeyServerError("key-server-unreachable", f"the key server does not answer: {error}") from error


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
        code, message = parse_error(error.read(MAX_RECORD_BYTES + 1))
    except MalformedMessage:
        code, message = "key-server-error", f"the key server answers with status {error.code}"
    return KeyServerError(code, message, retry_after_seconds)
