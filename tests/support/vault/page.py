"""A test page with a vault, served from a build, and calls to the vault in it."""

from __future__ import annotations

import base64
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from smime_core import blocking
from smime_core.identity.identity import Identity, export_identity
from smime_core.providers.native import NativeProvider
from tests.support.browser.page import Page
from tests.support.browser.page_scripts import page_program
from tests.support.people import NOW, anchor
from tests.support.project import ROOT
from wasm_build.bundle.runtime_files import pinned_module
from wasm_build.bundle.tree import list_folder

PROVIDER = NativeProvider()
PASSPHRASE = "correct horse ü"
AT = NOW.isoformat()
CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self'; img-src data:; require-trusted-types-for 'script'; trusted-types sealwax"
)
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".html": "text/html",
    ".css": "text/css",
}
PAGE = b'<!doctype html><link rel=icon href="data:,"><title>Vault</title><script type=module src="/page.js"></script>'

# The script of the page. Tests pass JSON to it, with bytes as {"b64": …} and secrets as {"secret": …}.
PAGE_SCRIPT = page_program("support/vault/page_script.js")


class OpenPage(Protocol):
    """Opens a page with a vault. `workers`: scripts that replace the real Worker, one for each start, in this order."""

    def __call__(
        self,
        *workers: str,
        altered: str | None = None,
        missing: str | None = None,
        options: dict[str, Any] | None = None,
    ) -> Page: ...


@dataclass
class VaultServer:
    """Serves a runtime. Requests for the Worker's script get the scripts in `workers`, one each, then the real one.

    `altered`, `missing`: files that are served with an altered byte, or not at all. `files`: further files by path.
    `caching`: the header Cache-Control. `halves`: of these files only the first half is sent until the event.
    """

    runtime: Path
    port: int = 0
    workers: list[str] = field(default_factory=list)
    altered: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    caching: str = "no-store"
    halves: dict[str, threading.Event] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        self.asked.append(path)
        if path in self.files:
            return self.files[path]
        if path == "/":
            return PAGE
        if path == "/page.js":
            return PAGE_SCRIPT.encode()
        if path == "/stream_tools.js":
            return Path(__file__).with_name("stream_tools.js").read_bytes()
        name = path.removeprefix("/runtime/")
        if name == "vault_worker.js" and self.workers:
            return self.workers.pop(0).encode()
        if path.startswith("/source/"):
            return self._read_source(path.removeprefix("/source/"))
        file = self.runtime / name
        if not path.startswith("/runtime/") or not file.is_file() or name in self.missing:
            return None
        data = file.read_bytes()
        if name == "vault.js" and "vault_worker.js" not in self.altered:
            return without_worker_pin(data)
        return data[:-1] + bytes([data[-1] ^ 1]) if name in self.altered else data

    def _read_source(self, name: str) -> bytes | None:
        if name.endswith("/pinned.js"):
            return without_worker_pin(pinned_module(list_folder(self.runtime)).encode())
        file = ROOT / name
        return file.read_bytes() if file.is_file() else None


def without_worker_pin(script: bytes) -> bytes:
    """The script of pinned hashes without the hash of the Worker, so that a test may use another Worker."""
    altered, count = re.subn(rb',\s*"vault_worker.js":\s*\{[^{}]*+\}', b"", script)
    assert count == 1
    return altered


@contextmanager
def serve_vault(runtime: Path) -> Iterator[VaultServer]:
    """Serve a page with a vault on loopback. `runtime` is the folder with the vault's files."""
    served = VaultServer(runtime)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            data = served.read(path)
            self.send_response(404 if data is None else 200)
            self.send_header(
                "Content-Type",
                TYPES.get(Path(path).suffix, "text/html" if path == "/" else "application/octet-stream"),
            )
            self.send_header("Content-Security-Policy", CSP)
            self.send_header("Cache-Control", served.caching)
            self.end_headers()
            data = data or b""
            if release := served.halves.get(Path(path).name):
                self.wfile.write(data[: len(data) // 2])
                release.wait()
                data = data[len(data) // 2 :]
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    served.port = httpd.server_port
    try:
        yield served
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def b64(octets: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(octets).decode()}


def secret(octets: bytes) -> dict[str, str]:
    return {"secret": base64.b64encode(octets).decode()}


def octets_of(value: dict[str, str]) -> bytes:
    return base64.b64decode(value["b64"])


SEAL_KEY = secret(bytes(range(32)))
TRUST = {"trust": {"anchors": []}, "at": AT}


def trusting() -> dict[str, Any]:
    return {"trust": {"anchors": [{"certificate": b64(anchor().der)}], "revocation": "not-checked"}, "at": AT}


def call(page: Page, verb: str, args: dict[str, Any], options: dict[str, Any] | None = None) -> Any:
    return page.js("(...request) => window.call(...request)", verb, args, options or {})


def open_identity(page: Page, identity: Identity) -> dict[str, Any]:
    """Open an identity in the vault. Returns the arguments `identities` and `sealKey` for further calls."""
    p12 = blocking.run(export_identity(identity, PASSPHRASE.encode(), provider=PROVIDER, iterations=1000))
    reply = call(
        page, "identity.open", {"p12": b64(p12), "passphrase": secret(PASSPHRASE.encode()), "sealKey": SEAL_KEY}
    )
    assert "ok" in reply, reply
    return {"identities": [reply["ok"]["identities"][0]["sealed"]], "sealKey": SEAL_KEY}
