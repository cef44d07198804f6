"""The routes of the key server, and the JSON in requests and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Flask, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from roaming_keys.protocol.messages.accounts import MAX_RECORD_BYTES


def add_routes(app: Flask, views: Mapping[str, Callable[..., Response]]) -> None:
    """Add routes to an application, each named by its method and path as in `GET /devices`."""
    for route, view in views.items():
        method, _, path = route.partition(" ")
        app.route(path, methods=[method])(view)


def json_body() -> bytes:
    """Return the body of a request with JSON. Raises UnsupportedMediaType."""
    # This content type is required. A browser lets a page of another site send it only after a CORS preflight.
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("expected application/json")
    return request.get_data(cache=True)


def expect_record() -> None:
    """Allow the body of this request to be as large as a record. Other bodies have at most MAX_SMALL_BYTES."""
    request.max_content_length = MAX_RECORD_BYTES


def json_answer(body: bytes, *, status: int = 200) -> Response:
    """Return a response with this JSON."""
    return Response(body, status, mimetype="application/json")
