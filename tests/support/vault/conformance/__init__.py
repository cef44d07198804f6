"""The conformance cases through the browser's provider: a page that starts the vault's runtime and runs packed cases.

The runtime is the shipped one; a Worker of the tests' own stands beside it and brings `tests.conformance` along.
"""

from __future__ import annotations

import http.server
import io
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.browser.browsers import Browser, Name, launch
from tests.browser.page import Page
from tests.conformance.case import Case, Outcome, outcomes_from_json, pack_cases, unpack_cases
from wasm_build.runtime_files import Pyodide, collect_runtime
from wasm_build.tree import Content, read_content

ROOT: Final = Path(__file__).parents[3]
_HERE: Final = Path(__file__).parent
_CHUNK_BYTES: Final = 2_000_000  # of octets in one request to the page
_CHUNK_CASES: Final = 250
_CALL_SECONDS: Final = 600
_START_SECONDS: Final = 60
_PAGE: Final = b"""<!doctype html>
<link rel=icon href="data:,"><title>Conformance</title><script type=module src="/page.js"></script>
"""
# What the tests need of the standard library and the vault does not.
_LIBRARY_OF_TESTS: Final = ("argparse.py", "email/", "gettext.py", "quopri.py", "statistics.py")
_TYPES: Final = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}


def run_in_browser(name: Name, packed: bytes) -> list[Outcome]:
    """The outcomes of packed cases in a browser of its own."""
    with tempfile.TemporaryDirectory() as profile:
        browser = launch(name, Path(profile))
        try:
            with open_vault_page(browser) as vault:
                return vault.run(unpack_cases(packed), say=lambda text: print(text, file=sys.stderr))
        finally:
            browser.close()


class VaultPage:
    """A page whose Worker holds the vault's Python, the browser's provider and the tests' own functions."""

    def __init__(self, page: Page, given: dict[str, bytes]) -> None:
        self._page = page
        self._given = given

    @property
    def start_kind(self) -> str:
        """How its Python started."""
        kind: str = self._page.js("() => window.startKind")
        return kind

    def call(self, function: str, given: bytes = b"") -> str:
        """What a function of `inside.py` answers."""
        self._given["/given"] = given
        self._page.js("(name) => void window.call(name)", function)
        answer = self._page.wait_for("() => window.answer", timeout_seconds=_CALL_SECONDS)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        result: str = answer["result"]
        return result

    def run(self, cases: Sequence[Case], *, say: Callable[[str], None] = lambda _: None) -> list[Outcome]:
        """The outcomes, in the order of the cases."""
        outcomes: list[Outcome] = []
        for chunk in _split(cases):
            outcomes += outcomes_from_json(self.call("run_cases", pack_cases(chunk)))
            say(f"{len(outcomes)} of {len(cases)} cases")
        return outcomes


@contextmanager
def open_vault_page(browser: Browser) -> Iterator[VaultPage]:
    """Serve the runtime on a port of its own and open the page."""
    runtime = collect_runtime(ROOT, Pyodide.below(ROOT))
    files: dict[str, Content] = {
        **{f"/runtime/{name}": content for name, content in runtime.items()},
        "/runtime/conformance_worker.js": _HERE / "worker.js",
        "/runtime/conformance_recorder.js": _HERE / "recorder.js",
        "/page.js": _HERE / "page.js",
        "/tests.zip": _tests_zip(),
    }
    given: dict[str, bytes] = {}
    with _serve(files, given) as port:
        page = browser.open(f"http://127.0.0.1:{port}/")
        try:
            page.wait_for("() => window.opened === true", timeout_seconds=_START_SECONDS)
            yield VaultPage(page, given)
        finally:
            page.close()


def _split(cases: Sequence[Case]) -> Iterator[list[Case]]:
    chunk: list[Case] = []
    size = 0
    for case in cases:
        length = len(pack_cases([case]))
        if chunk and (len(chunk) == _CHUNK_CASES or size + length > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(case)
        size += length
    if chunk:
        yield chunk


def _tests_zip() -> bytes:
    # What runs in the page, and nothing of what reads the sets or drives the browser.
    folder = ROOT / "tests/conformance"
    modules = [*folder.glob("*.py"), *(folder / "checks").glob("*.py")]
    others = ("__init__", "unit/__init__", "unit/exchange", "unit/stream_exchange", "unit/kdf_answers", "unit/ways")
    modules += [ROOT / f"tests/{name}.py" for name in others]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("inside.py", (_HERE / "inside.py").read_bytes())
        for path in modules:
            target.writestr(path.relative_to(ROOT).as_posix(), path.read_bytes())
        with zipfile.ZipFile(ROOT / "node_modules/pyodide/python_stdlib.zip") as library:
            for name in filter(lambda name: name.startswith(_LIBRARY_OF_TESTS), library.namelist()):
                target.writestr(name, library.read(name))
    return archive.getvalue()


@contextmanager
def _serve(files: dict[str, Content], given: dict[str, bytes]) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = {"/": _PAGE, **files, **given}.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", _TYPES.get(Path(self.path).suffix, "text/html"))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(read_content(content) if content is not None else b"")

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
