"""The JSON in requests and answers of the key server."""

from __future__ import annotations

from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from roaming_keys.protocol.messages.accounts import MAX_RECORD_BYTES


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
