"""The pages' real application on loopback, behind a server that can answer otherwise, as a hostile operator would."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from webbridge import PagesConfig, create_pages_app

API = "https://api.example.test"
KEY_SERVER = "https://keys.example.test"
Change = Callable[[Request, Response], Response]


@dataclass(slots=True)
class PagesServer:
    """A running server of pages. `changes`: by path, a function that makes another answer of the honest one.

    `asked` has the paths of all requests, with the header fields.
    """

    port: int
    folder: Path
    changes: dict[str, Change] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def replace(self, path: str, body: bytes) -> None:
        """Send another body for a path, with the honest header fields."""

        def change(_: Request, answer: Response) -> Response:
            answer.set_data(body)
            answer.headers.pop("Content-Encoding", None)
            answer.headers["ETag"] = f'"{hash(body)}"'
            answer.status_code = 200
            return answer

        self.changes[path] = change

    def add_field(self, path: str, name: str, value: str) -> None:
        """Send a header field for a path, in the place of the honest one."""

        def change(_: Request, answer: Response) -> Response:
            answer.headers[name] = value
            return answer

        self.changes[path] = change


@contextlib.contextmanager
def run_pages_server(folder: Path, *, api: str = API, key_server: str = KEY_SERVER) -> Iterator[PagesServer]:
    """Serve the pages in a folder."""
    holder: list[tuple[Flask, PagesServer]] = []

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        app, served = holder[0]
        request = Request(environ)
        served.asked.append((request.full_path.removesuffix("?"), dict(request.headers)))
        if change := served.changes.get(request.path):
            # The change gets the whole answer, not "304 Not Modified" or a range.
            for name in ("HTTP_IF_NONE_MATCH", "HTTP_RANGE"):
                environ.pop(name, None)
            with Response.from_app(app, environ) as honest:
                honest.direct_passthrough = False
                copy = Response(honest.get_data(), honest.status, honest.headers)
            return change(request, copy)(environ, start_response)
        # Read whole: werkzeug's server leaves a file open if the browser breaks off at a bad moment.
        return Response.from_app(app, environ, buffered=True)(environ, start_response)

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    server.daemon_threads = True  # type: ignore[attr-defined]  # a test may leave an answer without an end
    served = PagesServer(port=server.server_port, folder=folder)
    config = PagesConfig(pages_origin=served.origin, api_origin=api, key_server_origin=key_server, folder=folder)
    holder.append((create_pages_app(config), served))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
