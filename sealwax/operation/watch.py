"""The address for monitoring: `/health`, `/ready` and `/metrics`, which the public address does not have.

Each worker listens at both addresses. The address at which a request arrived decides who answers it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response

from sealwax.service import metrics
from sealwax.service.health import find_health, health_answer, ready_answer


def add_watch(app: Flask, listen: str | None) -> WSGIApplication:
    """Return an application that answers monitoring at the address `listen`, and calls `app` at all other addresses."""
    if listen is None:
        return app
    watch = _watch_application(app)

    def chosen(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return (watch if _arrived_at(listen, environ) else app)(environ, start_response)

    return chosen


def _arrived_at(listen: str, environ: WSGIEnvironment) -> bool:
    """Return whether a request arrived at an address. The client's header Host proves nothing, and is not used."""
    connected: socket.socket | None = environ.get("gunicorn.socket")
    if connected is not None and connected.family == socket.AF_UNIX:
        # For Unix sockets, gunicorn copies SERVER_NAME and SERVER_PORT from Host.
        return listen == f"unix:{connected.getsockname()}"
    host, _, port = listen.rpartition(":")
    return bool(environ.get("SERVER_PORT") == port and environ.get("SERVER_NAME") == host.strip("[]"))


def forget_worker(process_id: int) -> None:
    """Remove the values that count only while their worker lives."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(process_id)  # type: ignore[no-untyped-call]


def _watch_application(observed: Flask) -> WSGIApplication:
    watch = Flask("sealwax.watch", static_folder=None, template_folder=None)
    checks = find_health(observed)

    @watch.get("/health")
    def health() -> Response:
        return health_answer()

    @watch.get("/ready")
    def ready() -> Response:
        return ready_answer(checks)

    @watch.get("/metrics")
    def numbers() -> Response:
        body, media_type = metrics.render()
        return Response(body, content_type=media_type)

    return watch
