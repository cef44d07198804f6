"""Measures the cleanup after an operation, and how long the next operation waits if a Worker is in reserve."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.bench.jobs import OURS
from tests.bench.open_page import open_page
from tests.bench.people import RSA, People
from tests.bench.results import Figure, Figures, Limit
from tests.support.browser.browsers import Name

_HEAP_BYTES: Final = 64_000_000
_CLEANUP: Final = "cleanup, for each 64 MB"
_ZEROED: Final = "cleanup: bytes overwritten"
_END: Final = "from the result to the Worker's end"
_WAIT: Final = "wait for a Worker in reserve"


def measure_cleanups(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Sign 10 KB in each run, and collect the figures of the cleanup reports."""
    with open_page(name, dist) as page:
        page.js("(...a) => measure.prepare(...a)", [OURS], [People().describe(RSA)])
        reports = [page.js("(keyType) => measure.cleanup(keyType)", RSA) for _ in range(runs)]
    values = {
        (_CLEANUP, "ms"): [it["milliseconds"] * _HEAP_BYTES / it["bytesZeroed"] for it in reports],
        (_ZEROED, "bytes"): [it["bytesZeroed"] for it in reports],
        (_END, "ms"): [it["ended"] for it in reports],
        (_WAIT, "ms"): [it["waited"] for it in reports],
    }
    return [
        Figure(browser=name, job=job, who=OURS, unit=unit, values=tuple(found)) for (job, unit), found in values.items()
    ]


def cleanup_limits(figures: Figures) -> list[Limit]:
    """At most 20 ms for 64 MB, and no wait: 0.2 ms, which is the precision of a page's clock."""
    at_most = {_CLEANUP: 20.0, _WAIT: 0.2}
    return [
        Limit(browser=browser, what=job, value=figures.median(browser, job, OURS), limit=at_most[job], unit="ms")
        for browser, job in figures.rows
        if job in at_most
    ]
