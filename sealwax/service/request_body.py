"""The body of a request: the application gets the whole body, or the client gets an error.

gunicorn promises to end each body itself (`wsgi.input_terminated`), so Werkzeug does not count the bytes of a body. But
if a client closes its connection, the body ends early, without an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from sealwax.service.errors import ServiceError
from smime_core.errors import SmimeError
from smime_core.text import parse_json

_TERMINATED = "wsgi.input_terminated"


def install_whole_bodies(app: Flask) -> None:
    """Answer 400 to a body that is shorter than its Content-Length, or whose chunks cannot be read."""
    inner: WSGIApplication = app.wsgi_app

    def whole(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ["wsgi.input"] = _ChunkedBody(environ["wsgi.input"])
        else:
            # Without this entry Werkzeug counts the bytes, and raises ClientDisconnected if some are missing.
            environ.pop(_TERMINATED, None)
        return inner(environ, start_response)

    app.wsgi_app = whole  # type: ignore[method-assign]


def parse_body(body: bytes) -> dict[str, Any]:
    """The members of the JSON object that a body is. Raises ServiceError."""
    return _parse_object(body, "The request")


def parse_first_line(line: bytes) -> dict[str, Any]:
    """The members of the JSON object in the line before the bytes of a body. Raises ServiceError."""
    return _parse_object(line, "The first line of the request")


def _parse_object(data: bytes, subject: str) -> dict[str, Any]:
    try:
        members = parse_json(data, "request", max_bytes=len(data))
    except SmimeError:
        raise ServiceError(400, "bad-request", f"{subject} is not JSON.") from None
    if not isinstance(members, dict):
        raise ServiceError(400, "bad-request", f"{subject} is not an object.")
    return members


class _ChunkedBody:
    """A body in chunks (RFC 9112 section 7.1). Chunks that cannot be read raise the same error as a lost connection."""

    def __init__(self, body: IO[bytes]) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, b"" at the end. Raises OSError, and the ServiceErrors of the web server."""
        try:
            return self._body.read(size)
        except (OSError, ValueError, ServiceError):
            raise
        except Exception as error:  # errors of gunicorn, which this package does not import
            raise ConnectionError("the chunks of a request cannot be read") from error
