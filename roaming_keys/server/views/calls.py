"""The calls of the key server's clients: their routes, their JSON and their signatures (`protocol/calls.py`)."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from roaming_keys.protocol.calls import Call, Credentials, call_record
from roaming_keys.protocol.messages.accounts import MAX_RECORD_BYTES
from roaming_keys.server.accounts.store import Store
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.sessions import Caller, SessionEnded, UsedBefore
from sealwax.service import ServiceError
from smime_core.errors import MalformedMessage

# Somebody who finds a device with an open session must not be able to take over the account.
FRESH: Final = datetime.timedelta(minutes=10)
_Found = TypeVar("_Found")


def add_routes(app: Flask, views: Mapping[str, Callable[..., Response]]) -> None:
    """Add routes to an application, each named by its method and path as in `GET /devices`."""
    for route, view in views.items():
        method, _, path = route.partition(" ")
        app.add_url_rule(path, route, view, methods=[method])


def json_body() -> bytes:
    """Return the body of a request with JSON. Raises UnsupportedMediaType."""
    # This content type is required. A browser lets a page of another site send it only after a CORS preflight.
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("expected application/json")
    return request.get_data(cache=True)


def expect_record() -> None:
    """Allow the body of this request to be as large as a record. Other bodies have at most MAX_SMALL_BYTES."""
    request.max_content_length = MAX_RECORD_BYTES


def match_condition(tag: re.Pattern[str]) -> re.Match[str] | None:
    """Return the match of the header If-Match. Raises ServiceError without this header."""
    condition = request.headers.get("If-Match", "")
    if not condition:
        raise ServiceError(428, "condition-missing", "This call needs If-Match.")
    return tag.fullmatch(condition)


def json_answer(body: bytes, *, status: int = 200) -> Response:
    """Return a response with this JSON."""
    return Response(body, status, mimetype="application/json")


def check_call(
    config: KeyServerConfig,
    find: Callable[[bytes, datetime.datetime], _Found | None],
    count: Callable[[bytes, int], None],
) -> _Found:
    """Check the request's signature, return the result of `find` for its key, and count the call. Raises ServiceError.

    `count` raises UsedBefore for a counter that is not larger than the one before.
    """
    try:
        credentials = Credentials.from_header(request.headers.get("Authorization", ""))
    except MalformedMessage:
        raise ServiceError(401, "call-refused", "This call needs the signature of a session.") from None
    caller = find(credentials.session_key, config.clock())
    if caller is None:
        raise SessionEnded
    condition = request.headers.get("If-None-Match" if request.method == "GET" else "If-Match", "")
    call = Call(method=request.method, path=request.path, condition=condition, body=request.get_data())
    record = call_record(config.origin, credentials.session_key, call, credentials.counter)
    try:
        Ed25519PublicKey.from_public_bytes(credentials.session_key).verify(credentials.signature, record)
        count(credentials.session_key, credentials.counter)
    except (InvalidSignature, UsedBefore):
        raise ServiceError(401, "call-refused", "This call is not signed, or was sent before.") from None
    return caller


def check_fresh(config: KeyServerConfig, caller: Caller) -> None:
    """Check that the login of a session was at most FRESH ago. Raises ServiceError."""
    if config.clock() - caller.started > FRESH:
        raise ServiceError(403, "log-in-again", "Type the passphrase again for this.")


class StoreViews:
    """Routes over one store and the server's keys."""

    def __init__(self, config: KeyServerConfig, store: Store) -> None:
        self._config = config
        self._keys = store.keys
        self._store = store

    def _check_call(self) -> Caller:
        """Return the session whose key has signed the call, and count the call. Raises ServiceError."""
        return check_call(self._config, self._store.sessions.find, self._store.sessions.count)
