"""Records each request of a service in its log and its metrics: template of the route, status and duration.

The template, such as `/api/session`, has placeholders for the parts that could name a folder or a person.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterable
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog
from flask import Flask, Response, request
from werkzeug.wsgi import ClosingIterator

from sealwax.service import metrics

REQUEST_ID_HEADER: Final = "X-Request-Id"
UNMATCHED: Final = "unmatched"
_ROUTE: Final = "sealwax.route"
_ID_BYTES: Final = 8
_log = logging.getLogger("sealwax.request")


def install_observation(app: Flask) -> None:
    """Log and count the requests of an application. The request's id is in each line of the log and in the answer."""

    @app.before_request
    def name_route() -> None:
        request.environ[_ROUTE] = request.url_rule.rule if request.url_rule else UNMATCHED

    @app.after_request
    def name_request(response: Response) -> Response:
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        if request_id:
            response.headers[REQUEST_ID_HEADER] = request_id
        return response

    app.wsgi_app = _Observed(app.wsgi_app)  # type: ignore[method-assign]


def current_route(environ: WSGIEnvironment) -> str:
    """Return the template of the request's route."""
    return str(environ.get(_ROUTE, UNMATCHED))


class _Observed:
    """A WSGI application whose requests are recorded when their answers have ended."""

    def __init__(self, inner: WSGIApplication) -> None:
        self._inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=secrets.token_hex(_ID_BYTES))
        start = time.monotonic()
        status = "500"

        def remember_status(line: str, headers: Any, error: Any = None) -> Any:
            nonlocal status
            status = line[:3]
            return start_response(line, headers, error) if error else start_response(line, headers)

        def record() -> None:
            _record(environ, status, time.monotonic() - start)

        try:
            answer = self._inner(environ, remember_status)
        except BaseException:
            record()
            raise
        if type(answer) is environ.get("wsgi.file_wrapper"):
            # The server sends an unwrapped file with sendfile, so the answer is returned unwrapped.
            record()
            return answer
        return ClosingIterator(answer, record)


def _record(environ: WSGIEnvironment, status: str, seconds: float) -> None:
    method = environ.get("REQUEST_METHOD", "")
    method = method if method in metrics.METHODS else "other"
    route = current_route(environ)
    metrics.count_request(method, route, status, seconds)
    fields = {"method": method, "route": route, "status": int(status), "seconds": round(seconds, 4)}
    _log.info("request", extra=fields)
    structlog.contextvars.clear_contextvars()
