"""Runs conformance cases with the browser's provider, in a page that starts the vault's runtime.

The runtime is the shipped one. A Worker for tests replaces the vault's Worker and loads `tools.conformance` too.
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
from typing import Any, Final, Literal

from tests.support.browser.browsers import Browser, Name, launch
from tests.support.browser.page import Page
from tests.support.project import ROOT
from tools.conformance.case import Case, Outcome, outcomes_from_json, pack_cases, unpack_cases
from wasm_build.bundle.runtime_files import Pyodide, collect_runtime, pinned_module
from wasm_build.bundle.scripts import PUBLISHED
from wasm_build.bundle.tree import Content, list_folder, read_content

_HERE: Final = Path(__file__).parent
_CHUNK_BYTES: Final = 2_000_000  # the most bytes in one request to the page
_CHUNK_CASES: Final = 250
_CALL_SECONDS: Final = 600
_START_SECONDS: Final = 60
_PAGE: Final = b"""<!doctype html>
<link rel=icon href="data:,"><title>Conformance</title>
<script type=module src="/source/tests/support/vault/conformance/page.js"></script>
"""
# The modules of the core that the checks need and the vault's bundle does not have.
_CORE_OF_TESTS: Final = ("ca/profile_checks", "ca/profile_facts", "ca/profile_key_usage")
# The parts of the standard library that the tests need and the vault's bundle does not have.
_LIBRARY_OF_TESTS: Final = (
    "argparse.py",
    "calendar.py",
    "email/",
    "fractions.py",
    "gettext.py",
    "quopri.py",
    "statistics.py",
)
_TYPES: Final = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}


def run_in_browser(name: Name, packed: bytes) -> list[Outcome]:
    """Start a browser, run packed cases in it, and return their outcomes."""
    with tempfile.TemporaryDirectory() as profile:
        browser = launch(name, Path(profile))
        try:
            with open_vault_page(browser) as vault:
                return vault.run(unpack_cases(packed), say=lambda text: print(text, file=sys.stderr))
        finally:
            browser.close()


class VaultPage:
    """A page whose Worker has the vault's Python, the browser's provider, and the functions of `inside.py`."""

    def __init__(self, page: Page, given: dict[str, bytes]) -> None:
        self._page = page
        self._given = given
        self.rewinds = 0
        """How often the Worker was put back to its image: after each call, and after each case of `run`."""

    @property
    def start_kind(self) -> str:
        """The way in which Python has started."""
        kind: str = self._page.js("() => window.startKind")
        return kind

    def call(self, function: str, given: bytes = b"") -> str:
        """Call a function of `inside.py` and return its answer. Raises RuntimeError with the text of its error."""
        result: str = self._ask("call", function, given)
        return result

    def run(self, cases: Sequence[Case], *, say: Callable[[str], None] = lambda _: None) -> list[Outcome]:
        """Run the cases, with a rewind after each, and return their outcomes in the same order.

        `say` gets sentences about the progress.
        """
        outcomes: list[Outcome] = []
        for chunk in _split(cases):
            content = b"".join(len(packed).to_bytes(4, "big") + packed for packed in chunk)
            for result in self._ask("callEach", "run_cases", content):
                outcomes += outcomes_from_json(result)
            say(f"{len(outcomes)} of {len(cases)} cases, {self.rewinds} rewinds")
        return outcomes

    def _ask(self, kind: Literal["call", "callEach"], function: str, content: bytes) -> Any:
        self._given["/given"] = content
        self._page.js("(...how) => void window.call(...how)", function, kind)
        answer = self._page.wait_for("() => window.answer", timeout_seconds=_CALL_SECONDS)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        self.rewinds = answer["rewinds"]
        return answer["result"]


@contextmanager
def open_vault_page(browser: Browser) -> Iterator[VaultPage]:
    """Serve the runtime on a free port, and open the page."""
    runtime = collect_runtime(ROOT, Pyodide.below(ROOT))
    files: dict[str, Content] = {
        **{f"/runtime/{name}": content for name, content in runtime.items()},
        **list_folder(ROOT / "wasm_build", prefix="/source/wasm_build/"),
        "/source/wasm_build/vault/owner/pinned.js": pinned_module(runtime).encode(),
        **{f"/source/{name}": ROOT / name for name in PUBLISHED},
        **{
            f"/source/tests/support/vault/conformance/{name}.js": _HERE / f"{name}.js"
            for name in ("page", "recorder", "worker")
        },
        "/tests.zip": _tests_zip(),
    }
    inputs: dict[str, bytes] = {}
    with _serve(files, inputs) as port:
        page = browser.open(f"http://127.0.0.1:{port}/")
        try:
            page.wait_for("() => window.opened === true", timeout_seconds=_START_SECONDS)
            yield VaultPage(page, inputs)
        finally:
            page.close()


def _split(cases: Sequence[Case]) -> Iterator[list[bytes]]:
    """The cases in chunks, each case packed."""
    chunk: list[bytes] = []
    size = 0
    for case in cases:
        packed = pack_cases([case])
        if chunk and (len(chunk) == _CHUNK_CASES or size + len(packed) > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(packed)
        size += len(packed)
    if chunk:
        yield chunk


def _tests_zip() -> bytes:
    # Only the modules that run in the page, and none that reads sets of test vectors or drives the browser.
    folder = ROOT / "tools/conformance"
    modules = [*folder.glob("*.py"), *(folder / "checks").glob("*.py")]
    others = (
        "__init__",
        "support/__init__",
        "support/exchange",
        "support/stream_exchange",
        "support/kdf_answers",
        "support/operations",
    )
    modules += [ROOT / f"tests/{name}.py" for name in others]
    modules += [ROOT / f"smime_core/{name}.py" for name in _CORE_OF_TESTS]
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
def _serve(files: dict[str, Content], inputs: dict[str, bytes]) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = {"/": _PAGE, **files, **inputs}.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", _TYPES.get(Path(self.path).suffix, "text/html"))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(read_content(content) if content is not None else b"")

        def log_message(self, format: str, *args: object) -> None:
            """Write no log."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
