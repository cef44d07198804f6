"""A web site on loopback, which serves the files and the signed pages of a test."""

from __future__ import annotations

import datetime
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from smime_core.blocking import run
from smime_core.cms.signing import Signing
from smime_core.identity.identity import Identity
from smime_core.own_content.pages import sign_published_page
from smime_core.providers.native import NativeProvider

LINK = '<link rel="smime-signature" href="page.p7s">'
HTML = "text/html; charset=utf-8"
NATIVE = NativeProvider()


@dataclass
class WebSite:
    """A web site on loopback.

    `served`: the bodies and header fields by path. `asked`: the paths of the requests. `open_until`: by path, the event
    that ends the answer.
    """

    port: int
    served: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    open_until: dict[str, threading.Event] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def other_origin(self) -> str:
        return f"http://localhost:{self.port}"

    def serve(self, path: str, body: bytes, media_type: str = HTML, **headers: str) -> str:
        """Serve `body` under a path, or redirect by a field `Location`. Returns the path's address."""
        self.served[path] = (body, {"Content-Type": media_type, **headers})
        return self.origin + path

    def keep_open(self, path: str) -> threading.Event:
        """Let the answer under a path end only at the returned event, or with the test's module."""
        known = self.open_until.get(path)
        if known is None or known.is_set():
            self.open_until[path] = threading.Event()
        return self.open_until[path]

    def publish(
        self, markup: str, signer: Identity, *, address: str | None = None, at: datetime.datetime | None = None
    ) -> str:
        """Serve a page and its signature, made at `at` or now. Returns the page's address."""
        page = (LINK + markup).encode()
        signature = run(
            sign_published_page(
                page,
                Signing(identities=[signer], signing_time=at or now()),
                address=f"{self.origin}/page.html" if address is None else address,
                media_type=HTML,
                provider=NATIVE,
            )
        )
        self.serve("/page.p7s", signature, "application/pkcs7-signature")
        self.asked.clear()
        return self.serve("/page.html", page)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@contextmanager
def running_web_site() -> Iterator[WebSite]:
    """Run a `WebSite` during the block."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            web_site.asked.append(path)
            body, headers = web_site.served.get(path, (b"", None))
            self.send_response(404 if headers is None else 302 if "Location" in headers else 200)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            if path in web_site.open_until:
                web_site.open_until[path].wait()

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web_site = WebSite(port=server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield web_site
    finally:
        for end in web_site.open_until.values():
            end.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def site() -> Iterator[WebSite]:
    with running_web_site() as site:
        yield site
