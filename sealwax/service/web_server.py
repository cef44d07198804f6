"""A WSGI application on a bound socket, served by threads until the context ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

POLL_SECONDS: Final = 0.05  # how long the end may take
_ANSWER: Final = "sealwax.answer"


@contextmanager
def serve(app: WSGIApplication, bound: socket.socket) -> Iterator[None]:
    """Answer requests while the context lasts."""
    host, port = bound.getsockname()
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def remember_answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[_ANSWER] = answer = app(environ, start_response)
        return answer

    server = make_server(host, port, remember_answer, threaded=True, request_handler=_QuietHandler, fd=bound.fileno())
    # The server has a duplicate of the socket; two would keep the port after the end.
    bound.close()
    thread = threading.Thread(target=server.serve_forever, args=[POLL_SECONDS], name=f"web-{port}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _QuietHandler(WSGIRequestHandler):
    """Logs no requests: their addresses name people and folders."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """Close the file that was being sent: where the connection was reset, Werkzeug does not come to it."""
        close = getattr((environ or {}).get(_ANSWER), "close", None)
        if close:
            close()
