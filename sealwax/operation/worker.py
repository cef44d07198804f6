"""gunicorn's worker, with JSON for requests that it refuses before the application sees them.

A body that arrives too slowly is refused, because it occupies a thread. Proxies may forward a body as slowly.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import time
from collections.abc import Callable
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

from sealwax.service.errors import ServiceError

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
UNREAD_SECONDS: Final = 5.0
"""The time to receive the rest of a body after the answer. Without the rest, the answer may be lost."""
_log = logging.getLogger("sealwax.http")


# By default gunicorn reads a megabyte of a body at once, and copies the unread part for each piece that is read.
SocketUnreader.max_body_chunk = BODY_PIECE_BYTES


class BodyTooSlow(ServiceError):
    """The client sends the body of its request too slowly.

    This error is not an OSError, because an OSError means that the client has gone.
    """

    def __init__(self) -> None:
        super().__init__(408, "too-slow", "The request came too slowly. Try again over a better connection.")


class BodyDeadline:
    """The time to wait for a body. The time starts again after each BODY_PIECE_BYTES that arrive."""

    def __init__(self, seconds: float) -> None:
        self._seconds = self._left = seconds
        self._came_bytes = 0

    def receive(self, client: socket.socket, receive: Callable[[], bytes]) -> bytes:
        """Return the next bytes from a client. Raises BodyTooSlow."""
        if self._left <= 0:
            raise BodyTooSlow
        client.settimeout(self._left)
        start = time.monotonic()
        try:
            data = receive()
        except TimeoutError:
            raise BodyTooSlow from None
        finally:
            client.settimeout(None)
            self._left -= time.monotonic() - start
        self._came_bytes += len(data)
        if self._came_bytes >= BODY_PIECE_BYTES:
            self._came_bytes, self._left = 0, self._seconds
        return data


_receive: Final = SocketUnreader.chunk


def _receive_in_time(unreader: Any, size_hint: int | None = None) -> bytes:
    deadline: BodyDeadline | None = getattr(unreader, "deadline", None)
    if deadline is None:
        return bytes(_receive(unreader, size_hint))
    return deadline.receive(unreader.sock, lambda: _receive(unreader, size_hint))


# gunicorn has no time limit for a body: a client that sends a byte now and then would hold its thread for hours.
SocketUnreader.chunk = _receive_in_time


class JsonErrorWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker with threads. Its own errors have the form of the application's: `{code, message}`."""

    body_seconds: float = 30.0

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request. Its body has to arrive in time."""
        req.unreader.deadline = BodyDeadline(self.body_seconds)
        try:
            return super().handle_request(req, conn) and _read_rest(conn.parser)
        finally:
            req.unreader.deadline = None

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


def _read_rest(parser: Any) -> bool:
    """Read the rest of a body after its request was answered. Return whether the connection can serve another request.

    gunicorn would do this too, but limits only each wait for some bytes, and not the sum of the waits.
    """
    parser.unreader.deadline = BodyDeadline(UNREAD_SECONDS)
    try:
        return bool(parser.finish_body(max_bytes=BODY_PIECE_BYTES))
    except BodyTooSlow:
        return False


def _status_of(error: BaseException) -> HTTPStatus:
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            return status
    return HTTPStatus.BAD_REQUEST if isinstance(error, ParseException) else HTTPStatus.INTERNAL_SERVER_ERROR
