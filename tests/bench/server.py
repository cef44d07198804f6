"""A static server on loopback for the measuring page: the bundle, the peers' packages, the page."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_PROJECT = Path(__file__).resolve().parents[2]
_FOLDERS = {"node_modules": _PROJECT / "node_modules", "bench": Path(__file__).resolve().parent / "page"}


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
        # A page that is closed wants nothing more.
        with suppress(ConnectionError):
            super().do_GET()

    def translate_path(self, path: str) -> str:
        """Map /NAME/... into the folder of that name; anything else is not found."""
        name, _, rest = path.lstrip("/").partition("?")[0].partition("/")
        if name not in self.folders or ".." in rest:
            return str(_PROJECT / "does-not-exist")
        return str(self.folders[name] / rest)

    def end_headers(self) -> None:
        # An isolated page has a clock of microseconds; any other sees whole milliseconds in Firefox.
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the table is the output."""


@contextmanager
def serve_page(folders: Mapping[str, Path], *, requests: list[str] | None = None) -> Iterator[str]:
    """The address of the measuring page, while the context lasts; `folders` stand beside it by their names.

    Each path that is asked for is added to `requests`.
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
