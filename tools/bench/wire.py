"""Measures the bytes that a first visit transfers, compressed by brotli: the files requested until the first result."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from tests.support.browser.browsers import Name, launch
from tests.support.pages.driver import MailPages
from tools.bench.results import Figure, Figures, Limit
from tools.bench.server import serve_page
from tools.bench.visits import build_letter, fresh_browser
from webbridge.demo.stack import DemoStack

_FIRST: Final = "first visit until the first operation"
_WHOLE: Final = "first visit with the snapshot behind it"
_MAIL: Final = "first visit of the mail pages until the first mail is open"
_WHOLE_MAIL: Final = "first visit of the mail pages with the snapshot behind it"
_MAX_BYTES: Final = {_FIRST: 4_500_000, _WHOLE: 10_500_000, _MAIL: 4_500_000}
_RUNTIME: Final = "/runtime/"
_SNAPSHOT: Final = ".snapshot"
_FIRST_VISIT: Final = """async () => {
  const { openVault } = await import("/runtime/vault.js");
  const vault = await openVault({ base: new URL("/runtime/", location.href), saveBytes: true });
  await vault.call("certificate.describe", { certificates: [], trust: { anchors: [] }, at: new Date().toISOString() });
}"""
# Each file counts once, because Firefox also reports files that a Worker takes from the cache.
_TRANSFERRED: Final = """() => Object.entries(Object.fromEntries(performance.getEntries()
  .filter(({ transferSize }) => transferSize > 0).map(({ name, transferSize }) => [name, transferSize])))"""
# The vault fetches the snapshot when it has no other request.
_HAS_SNAPSHOT: Final = """() => performance.getEntriesByType("resource")
  .some(({ name, transferSize }) => name.endsWith(".snapshot") && transferSize > 0)"""


def measure_wire(name: Name, dist: Path) -> list[Figure]:
    """Measure the bytes of a first visit.

    For the vault, these are the bytes of the compressed files. For the mail pages, answers and header fields count too.
    """
    first = _find_first_visit(name, dist)
    whole = first | {file.name for file in (dist / "runtime").glob(f"*{_SNAPSHOT}")}
    sizes = {file: compressed_size(dist / "runtime" / file) for file in sorted(whole)}
    values = {_FIRST: sum(sizes[file] for file in first), _WHOLE: sum(sizes.values())} | _count_mail_visit(name, dist)
    return [Figure(where=name, job=job, who="ours", unit="bytes", values=(size,)) for job, size in values.items()]


def wire_limits(figures: Figures) -> list[Limit]:
    """Limits: 4.5 MB until the first operation, 10.5 MB with the snapshot."""
    return [
        Limit(where=browser, what=job, value=figures.median(browser, job, "ours"), limit=_MAX_BYTES[job], unit="bytes")
        for browser, job in figures.rows
        if job in _MAX_BYTES
    ]


def compressed_size(file: Path) -> int:
    """The size of a file's compressed copy (.br) from the build, or of the file if it has no copy."""
    twin = file.with_name(f"{file.name}.br")
    return (twin if twin.exists() else file).stat().st_size


def _count_mail_visit(name: Name, dist: Path) -> dict[str, int]:
    with DemoStack(pages_folder=dist / "pages") as stack, fresh_browser(name) as browser:
        reader, writer = stack.accounts
        stack.mail_server.append(reader.address, build_letter(writer, reader, encrypted=True))
        pages = MailPages(browser, stack.pages_url, reader)
        pages.enter()
        pages.open_message(stack.mail_server.messages(reader.address)[-1].uid)
        pages.page.wait_for(_HAS_SNAPSHOT)
        transfers: list[tuple[str, int]] = pages.page.js(_TRANSFERRED)
    snapshot = sum(size for file, size in transfers if file.endswith(_SNAPSHOT))
    whole = sum(size for _, size in transfers)
    return {_MAIL: whole - snapshot, _WHOLE_MAIL: whole}


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
