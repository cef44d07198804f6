"""Serve a WSGI application on a bound socket with threads, and catch the signals that end the command."""

from __future__ import annotations

import queue
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.serving import WSGIRequestHandler, make_server

POLL_SECONDS: Final = 0.05  # The server notices a shutdown within this time.
_LOOK_SECONDS: Final = 1.0
_ANSWER: Final = "sealwax.answer"


@contextmanager
def serve(app: WSGIApplication, bound: socket.socket, *, client_seconds: float | None = None) -> Iterator[None]:
    """Answer requests while the context lasts. `client_seconds` is the longest silence of a client."""
    if bound.family == socket.AF_UNIX:
        host, port = f"unix://{bound.getsockname()}", 0
    else:
        host, port = bound.getsockname()[:2]
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def remember_answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ[_ANSWER] = answer = app(environ, start_response)
        return answer

    handler = type("Handler", (_QuietHandler,), {"timeout": client_seconds})
    server = make_server(host, port, remember_answer, threaded=True, request_handler=handler, fd=bound.fileno())
    # The server has a duplicate of the socket. If the original stayed open, the port would be in use after the server's
    # end.
    bound.close()
    thread = threading.Thread(target=server.serve_forever, args=[POLL_SECONDS], name=f"web-{port}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def catch_ending_signals() -> Callable[[], None]:
    """Catch the signals that would end the process, and return a function that waits for one of them."""
    # With an Event instead of a queue, set() would wait for ever if the signal came while wait() holds the same lock.
    stopped: queue.SimpleQueue[None] = queue.SimpleQueue()
    for number in ending_signals():
        signal.signal(number, lambda _number, _frame: stopped.put(None))

    def wait() -> None:
        while True:
            # Python runs a signal handler when the main thread has stopped waiting. A signal just before the wait, or
            # in another thread, does not wake the main thread. So each wait has a limit.
            with suppress(queue.Empty):
                return stopped.get(timeout=_LOOK_SECONDS)

    return wait


def ending_signals() -> list[signal.Signals]:
    """The signals of Ctrl-C and of a service manager, and the signal of a closed terminal unless `nohup` ignores it."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers


class _QuietHandler(WSGIRequestHandler):
    """Logs no requests, because their addresses name people, folders and certificates."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""

    def log_error(self, format: str, *args: object) -> None:  # http.server calls this parameter `format`.
        """Log nothing, because the text repeats the request."""

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """Close the file that was being sent. Werkzeug does not do so if the connection was reset."""
        close = getattr((environ or {}).get(_ANSWER), "close", None)
        if close:
            close()
