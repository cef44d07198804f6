"""gunicorn's worker, with JSON for requests that it refuses before the application sees them."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
from http import HTTPStatus
from typing import Any, Final

from gunicorn import util
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import ThreadWorker

_STATUS: Final[dict[type[Exception], HTTPStatus]] = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}
_TEXTS: Final = {
    HTTPStatus.REQUEST_URI_TOO_LONG: ("bad-request", "The address of the request is too long."),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: ("bad-request", "The header of the request is too large."),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("server-error", "Something went wrong on this server."),
}
_OTHER_TEXT: Final = ("bad-request", "The server does not understand the request.")
BODY_PIECE_BYTES: Final = 64 * 1024
_log = logging.getLogger("sealwax.http")


# gunicorn reads a body by a megabyte, and copies the rest of it for each piece that the application takes.
SocketUnreader.max_body_chunk = BODY_PIECE_BYTES


class JsonErrorWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker with threads. Its own errors have the form of the application's: `{code, message}`."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Answer a request that cannot be read, and log neither its text nor its address."""
        status = _status_of(exc)
        if status is HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("a request failed outside the application", exc_info=exc)
        else:
            _log.warning("a request was refused before it was read", extra={"status": int(status)})
        code, message = _TEXTS.get(status, _OTHER_TEXT)
        body = json.dumps({"code": code, "message": message}).encode()
        head = (
            f"HTTP/1.1 {int(status)} {status.phrase}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Cache-Control: no-store\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            util.write_nonblock(client, head.encode("ascii") + body)


def _status_of(error: BaseException) -> HTTPStatus:
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            return status
    return HTTPStatus.BAD_REQUEST if isinstance(error, ParseException) else HTTPStatus.INTERNAL_SERVER_ERROR
