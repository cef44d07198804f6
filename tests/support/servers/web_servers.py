"""Web servers on loopback for the tests of look-ups, which answer correctly, falsely, or never completely."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass(slots=True)
class WebServer:
    """A running web server. `asked`: the request line, the header fields and the body of each request."""

    port: int
    scheme: str = "http"
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"{self.scheme}://{self.host}{path}"


@contextlib.contextmanager
def run_web_server(reply: Reply, *, tls_folder: Path | None = None) -> Iterator[WebServer]:
    """Run a server whose answers `reply` writes; with TLS if `tls_folder` is given."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.asked.append((self.requestline, dict(self.headers), body))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                reply(self)

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore clients that close the connection, as many of these tests do."""

    with Listener(("127.0.0.1", 0), Handler) as listener:
        server = WebServer(port=listener.server_address[1])
        if tls_folder is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls_folder / "tls_server.pem")
            listener.socket = context.wrap_socket(listener.socket, server_side=True)
            server.scheme = "https"
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


@contextlib.contextmanager
def run_raw_server(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[WebServer]:
    """Run a TCP server. `talk` gets each connection, and an event that is set when the test is over."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            talk(connection, over)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield WebServer(port=listener.getsockname()[1])
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def reply_with(body: bytes, *, status: int = 200, **headers: str) -> Reply:
    """A reply that is always the same. In header names underscores stand for hyphens."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply
