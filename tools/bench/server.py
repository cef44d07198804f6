"""A static server on loopback for the measuring page, the bundle, and the peers' packages."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.project import ROOT

_FOLDERS = {"node_modules": ROOT / "node_modules", "bench": Path(__file__).resolve().parent / "page"}


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012  the base class declares it so
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def __init__(self, *args: Any, folders: Mapping[str, Path], requests: list[str], **kwargs: Any) -> None:
        self.folders = {**_FOLDERS, **folders}
        self.requests = requests
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        self.requests.append(self.path)
        # The connection ends if the page is closed.
        with suppress(ConnectionError):
            super().do_GET()

    def translate_path(self, path: str) -> str:
        """Map /NAME/… to the folder of that name. Other paths are not found."""
        name, _, rest = path.lstrip("/").partition("?")[0].partition("/")
        if name not in self.folders or ".." in rest:
            return str(ROOT / "does-not-exist")
        return str(self.folders[name] / rest)

    def end_headers(self) -> None:
        # These fields isolate the page. In Firefox, only an isolated page has a clock that is more exact than
        # milliseconds.
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Write no log: the only output is the table."""


@contextmanager
def serve_page(folders: Mapping[str, Path], *, requests: list[str] | None = None) -> Iterator[str]:
    """Serve the measuring page during the block. Yields its address. Each of `folders` is served under its name.

    The path of each request is added to `requests`.
    """
    handler = functools.partial(_Handler, folders=folders, requests=[] if requests is None else requests)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/bench/bench.html"
        finally:
            server.shutdown()
            thread.join()
