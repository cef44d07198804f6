"""A client of the key server for native programs, over urllib: the demonstration's registration, tests, tools.

Browsers speak the same protocol with fetch() and `protocol.py` in the vault.
"""

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

from roaming_keys import protocol
from roaming_keys.wire import MAX_RECORD_BYTES, Parameters, ParametersRequest, SealedBundle, parse_error
from smime_core.errors import MalformedMessage, SmimeError
from smime_core.identity import Identity
from smime_core.provider import CryptoProvider

TIMEOUT_SECONDS = 20.0
_MAX_RETRY_AFTER_DIGITS = 9  # a wait of 30 years; Python refuses numbers of more than 4,300 digits


class KeyServerError(SmimeError):
    """The key server refused; `code` is the server's word, as `login-refused`, or `key-server-unreachable`."""

    def __init__(self, code: str, message: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]  # here the word comes from the server
        self.retry_after_seconds = retry_after_seconds


async def register(
    server: str,
    identity: Identity,
    *,
    user: str,
    passphrase: bytes,
    ticket: str,
    provider: CryptoProvider,
    mail_password: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Put `identity` on the key server for `user`. Raises KeyServerError, and what `build_registration` raises."""
    registration = await protocol.build_registration(
        identity,
        server=server,
        user=user,
        passphrase=passphrase,
        ticket=ticket,
        provider=provider,
        mail_password=mail_password,
    )
    request(server, "/register", body=registration.to_json(), tls=tls)


async def fetch(
    server: str, *, user: str, passphrase: bytes, provider: CryptoProvider, tls: ssl.SSLContext | None = None
) -> tuple[Identity, ...]:
    """The user's identities from the key server. Raises KeyServerError, and what `open_bundle` raises."""
    user = protocol.normalise_user(user)
    asked = ParametersRequest(user=user).to_json()
    parameters = Parameters.from_json(request(server, "/parameters", body=asked, tls=tls))
    login = await protocol.build_login(
        server=server, user=user, passphrase=passphrase, parameters=parameters, provider=provider
    )
    sealed = SealedBundle.from_json(request(server, "/login", body=login.to_json(), tls=tls))
    return await protocol.open_bundle(
        sealed, server=server, user=user, passphrase=passphrase, parameters=parameters, provider=provider
    )


def request(server: str, path: str, *, body: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """The answer to a POST of JSON. Raises KeyServerError."""
    # normalise_origin lets https and loopback's http through, and no other scheme.
    url = protocol.normalise_origin(server) + path
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
        # What is meant for this machine never goes through a proxy that the environment names.
        handlers.append(ProxyHandler({}))
    return build_opener(*handlers)


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would carry an auth_key, or the question for a user, to somewhere else."""

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
    return KeyServerError(code, message, retry_after_seconds=retry_after_seconds)
