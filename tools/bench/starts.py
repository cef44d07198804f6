"""Measures the vault's start until a Worker is ready: in a page and in the extension, with and without a snapshot.

The vault has its default settings, with which a Worker goes on after an operation. The Worker rehearses and saves its
image later, outside the measured time.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from tests.support.browser.browsers import Name, launch
from tests.support.browser.page import Page
from tests.support.extension.driver import Extension
from tools.bench.open_page import open_page
from tools.bench.results import Figure, Figures, Limit

SNAPSHOT: Final = "snapshot"
PLAIN: Final = "plain"
_PAGE: Final = "start in a page"
_EXTENSION: Final = "start in the extension"
_MAX_MILLISECONDS: Final = {_PAGE: 450, _EXTENSION: 400}
_MAX_RATIO: Final = 0.3  # the time of a start from the snapshot, divided by that of a plain start

# Starts a vault and returns the milliseconds. For a plain start, it makes the fetch of the snapshot fail.
_START: Final = """async (folder, kind) => {
  const base = new URL(folder, location.href);
  const { openVault } = await import(new URL("vault.js", base).href);
  const { fetch } = globalThis;
  if (kind === "plain") {
    globalThis.fetch = (input, init) =>
      String(input).endsWith(".snapshot") ? Promise.reject(new TypeError("withheld")) : fetch(input, init);
  }
  const begun = performance.now();
  const vault = await openVault({ base, saveBytes: false });
  await vault.ready;
  const milliseconds = performance.now() - begun;
  globalThis.fetch = fetch;
  const { startKind } = vault;
  await vault.close();
  if (startKind !== kind) throw new Error(`expected a ${kind} start, got ${startKind}`);
  return milliseconds;
}"""


def measure_starts(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Measure starts with the snapshot and without it in turn: in a page, then in a page of the extension."""
    with open_page(name, dist) as page:
        figures = _measure(page, name, _PAGE, "/runtime/", runs)
    with tempfile.TemporaryDirectory() as profile:
        browser = launch(name, Path(profile))
        try:
            extension = Extension(browser, dist / "extension_test")
            figures += _measure(extension.open_options(), name, _EXTENSION, "/runtime/", runs)
        finally:
            browser.close()
    return figures


def start_limits(figures: Figures) -> list[Limit]:
    """Limits of the start from the snapshot: 450 ms in a page, 400 ms in the extension, 0.3 of the plain start."""
    limits = []
    for browser, job in figures.rows:
        median = figures.median(browser, job, SNAPSHOT)
        limits += [
            Limit(where=browser, what=job, value=median, limit=_MAX_MILLISECONDS[job], unit="ms"),
            Limit(
                where=browser,
                what=f"{job}: snapshot / plain",
                value=figures.ratio(browser, job, SNAPSHOT, PLAIN),
                limit=_MAX_RATIO,
                unit="times",
            ),
        ]
    return limits


def _measure(page: Page, browser: str, job: str, folder: str, runs: int) -> list[Figure]:
    times: dict[str, list[float]] = {SNAPSHOT: [], PLAIN: []}
    for _ in range(runs):
        for kind, values in times.items():
            values.append(page.js(_START, folder, kind))
    return [Figure(where=browser, job=job, who=kind, unit="ms", values=tuple(values)) for kind, values in times.items()]
