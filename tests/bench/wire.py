"""What a first visit takes over the wire, as brotli: the files that a page asks for until its first result."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.bench.results import Figure, Figures, Limit
from tests.bench.server import serve_page
from tests.browser.browsers import Name, launch

_FIRST: Final = "first visit until the first operation"
_WHOLE: Final = "first visit with the snapshot behind it"
_MAX_BYTES: Final = {_FIRST: 4_500_000, _WHOLE: 10_500_000}
_CACHE: Final = Path("build/bench_wire.json")
_RUNTIME: Final = "/runtime/"
_SNAPSHOT: Final = ".snapshot"
_FIRST_VISIT: Final = """async () => {
  const { openVault } = await import("/runtime/vault.js");
  const vault = await openVault({ base: new URL("/runtime/", location.href), saveBytes: true });
  await vault.call("certificate.describe", { certificates: [], trust: { anchors: [] }, at: new Date().toISOString() });
}"""
# Node is there for the build; Python has no brotli of its own.
_COMPRESS: Final = """
const { brotliCompressSync, constants } = require("node:zlib");
const data = require("node:fs").readFileSync(process.argv[1]);
const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24,
  [constants.BROTLI_PARAM_SIZE_HINT]: data.length };
console.log(brotliCompressSync(data, { params }).length);
"""


def measure_wire(name: Name, dist: Path) -> list[Figure]:
    """Bytes as brotli 11 gives them, without what HTTP adds."""
    first = _find_first_visit(name, dist)
    whole = first | {file.name for file in (dist / "runtime").glob(f"*{_SNAPSHOT}")}
    sizes = {file: compressed_size(dist / "runtime" / file) for file in sorted(whole)}
    values = {_FIRST: sum(sizes[file] for file in first), _WHOLE: sum(sizes.values())}
    return [Figure(browser=name, job=job, who="ours", unit="bytes", values=(size,)) for job, size in values.items()]


def wire_limits(figures: Figures) -> list[Limit]:
    """4.5 MB until the first operation, 10.5 MB with the snapshot."""
    return [
        Limit(
            browser=browser, what=job, value=figures.median(browser, job, "ours"), limit=_MAX_BYTES[job], unit="bytes"
        )
        for browser, job in figures.rows
    ]


def compressed_size(file: Path) -> int:
    """Bytes of a file under brotli 11; remembered, because the snapshot takes a minute."""
    known: dict[str, int] = json.loads(_CACHE.read_text()) if _CACHE.exists() else {}
    fingerprint = hashlib.sha256(file.read_bytes()).hexdigest()
    if fingerprint not in known:
        done = subprocess.run(["node", "-e", _COMPRESS, str(file)], check=True, capture_output=True, text=True)
        known[fingerprint] = int(done.stdout)
        _CACHE.parent.mkdir(parents=True, exist_ok=True)
        _CACHE.write_text(json.dumps(known, indent=1))
    return known[fingerprint]


def _find_first_visit(name: Name, dist: Path) -> set[str]:
    requests: list[str] = []
    with (
        tempfile.TemporaryDirectory() as profile,
        serve_page({"runtime": dist / "runtime"}, requests=requests) as address,
    ):
        browser = launch(name, Path(profile))
        try:
            page = browser.open(address.replace("bench.html", "empty.html"))
            page.js(_FIRST_VISIT)
        finally:
            browser.close()
    files = {path.removeprefix(_RUNTIME) for path in requests if path.startswith(_RUNTIME)}
    return {file for file in files if not file.endswith(_SNAPSHOT)}
