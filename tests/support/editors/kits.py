"""Editors of other people, each set up as a site does it, with a page that posts what the editor's own model holds.

`kits/NAME.js` starts an editor and gives `globalThis.kit` its model. The packages are installed by the lock file beside
it, at the first use, and are in no part of Sealwax.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.support.project import ROOT

SOURCES: Final = Path(__file__).parent
_INSTALLED: Final = ROOT / "build" / "editors"
_PARTS: Final = ("kit", "jquery", "lexical_kit", "shadow_kit")
KITS: Final = tuple(sorted(file.stem for file in (SOURCES / "kits").glob("*.js") if file.stem not in _PARTS))
_PICTURES_AND_FONTS: Final = ("ttf", "woff", "woff2", "svg", "png", "eot", "gif")
_PLACE: Final = "<div id=place style='min-height:150px;border:1px solid #aaa;max-width:760px'></div>"
_FIELD: Final = (
    f"{_PLACE}<button id=send onclick=\"fetch('/posted', {{method: 'POST', body: kit.model()}})\">Post</button>"
)
_MAIL_FORM: Final = f"""<form id=form><label>To <input name=to type=email></label><br>
<label>Subject <input name=subject></label><br>{_PLACE}<input type=file name=attached>
<button id=send>Send</button></form>
<script>document.querySelector('#form').addEventListener('submit', (event) => {{
  event.preventDefault();
  fetch('/posted', {{ method: 'POST', body: kit.model() + '\\nFILES ' + event.target.attached.files.length }});
}});</script>"""


def build_kits() -> Path:
    """The folder with a script for each kit. Installs the packages when the lock file has changed."""
    _INSTALLED.parent.mkdir(exist_ok=True)
    # Several processes of a run may come here at once.
    with (_INSTALLED.parent / "editors.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _install()
        _bundle()
    return _INSTALLED


def _install() -> None:
    lock = (SOURCES / "package-lock.json").read_bytes()
    known = _INSTALLED / "package-lock.json"
    if not (_INSTALLED / "node_modules").is_dir() or not known.exists() or known.read_bytes() != lock:
        shutil.rmtree(_INSTALLED, ignore_errors=True)
        _INSTALLED.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCES / name, _INSTALLED)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--legacy-peer-deps", "--ignore-scripts"]
        subprocess.run(command, cwd=_INSTALLED, check=True, capture_output=True)


def _bundle() -> None:
    scripts = [file.read_bytes() for file in sorted((SOURCES / "kits").glob("*.js"))]
    kits = _INSTALLED / "kits"
    if (_INSTALLED / "scripts").is_dir() and [file.read_bytes() for file in sorted(kits.glob("*.js"))] == scripts:
        return
    shutil.rmtree(kits, ignore_errors=True)
    shutil.copytree(SOURCES / "kits", kits)
    bundling = [
        str(ROOT / "node_modules" / ".bin" / "esbuild"),
        *(f"kits/{name}.js" for name in KITS),
        "--bundle",
        "--format=esm",
        "--outdir=scripts",
        "--log-level=error",
        "--define:global=globalThis",
        '--define:process.env.NODE_ENV="production"',
        *(f"--loader:.{ending}=dataurl" for ending in _PICTURES_AND_FONTS),
    ]
    subprocess.run(bundling, cwd=_INSTALLED, check=True, capture_output=True)


class Posting:
    """The site with the editors. `posted`: the texts that its pages have posted."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.posted: list[str] = []

    def field(self, kit: str) -> str:
        """The address of a page with the editor and a button that posts its model."""
        return f"{self.origin}/field/{kit}"

    def mail_form(self, kit: str) -> str:
        """The address of a page with a form for mail around the editor."""
        return f"{self.origin}/mail/{kit}"


class _Handler(http.server.SimpleHTTPRequestHandler):
    site: Posting

    def do_GET(self) -> None:
        _, kind, *rest = self.path.split("/")
        if kind not in ("field", "mail"):
            return super().do_GET()
        (kit,) = rest
        styled = (_INSTALLED / "scripts" / f"{kit}.css").exists()
        style = f"<link rel=stylesheet href=/scripts/{kit}.css>" if styled else ""
        body = _FIELD if kind == "field" else _MAIL_FORM
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        markup = (
            f"<!doctype html><meta charset=utf-8><title>{kit}</title><link rel=icon href=data:,>{style}<h1>A forum</h1>"
        )
        self.wfile.write(f"{markup}{body}<script type=module src=/scripts/{kit}.js></script>".encode())
        return None

    def do_POST(self) -> None:
        self.site.posted.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Write no log."""


@contextlib.contextmanager
def running_editors() -> Iterator[Posting]:
    """Build the kits, and serve them on loopback during the block."""
    folder = build_kits()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
    site = _Handler.site = Posting(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
