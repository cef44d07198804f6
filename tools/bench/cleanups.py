"""Measures the cleanup after an operation: a Worker is reset to its saved image, or ends (strict)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.support.browser.browsers import Name
from tools.bench.jobs import OURS, STRICT
from tools.bench.open_page import open_page
from tools.bench.people import RSA, People
from tools.bench.results import Figure, Figures, Limit

_HEAP_BYTES: Final = 64_000_000
_CLEANUP: Final = "cleanup"
_FOR_EACH_HEAP: Final = "cleanup, for each 64 MB"
_ZEROED: Final = "cleanup: bytes overwritten"
_END: Final = "from the answer until the Worker rests or ends"
_MAX_MILLISECONDS: Final = 20


def measure_cleanups(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Sign 10 KB in each run, with the default and the strict setting in turn, and collect the cleanup reports."""
    series: dict[tuple[str, str, str], list[float]] = {}
    with open_page(name, dist) as page:
        page.js("(...a) => measure.prepare(...a)", [OURS, STRICT], [People().describe(RSA)])
        for _ in range(runs):
            for side in (OURS, STRICT):
                report = page.js("(...a) => measure.cleanup(...a)", RSA, side)
                zeroed, milliseconds = report["bytesZeroed"], report["milliseconds"]
                series.setdefault((_CLEANUP, side, "ms"), []).append(milliseconds)
                series.setdefault((_ZEROED, side, "bytes"), []).append(zeroed)
                series.setdefault((_END, side, "ms"), []).append(report["ended"])
                if side == STRICT:
                    series.setdefault((_FOR_EACH_HEAP, side, "ms"), []).append(milliseconds * _HEAP_BYTES / zeroed)
    return [
        Figure(where=name, job=job, who=side, unit=unit, values=tuple(values))
        for (job, side, unit), values in series.items()
    ]


def cleanup_limits(figures: Figures) -> list[Limit]:
    """The cleanup of a Worker that ends takes at most 20 ms for 64 MB. `waits` has a limit for resets."""
    return [
        Limit(where=browser, what=job, value=figures.median(browser, job, STRICT), limit=_MAX_MILLISECONDS, unit="ms")
        for browser, job in figures.rows
        if job == _FOR_EACH_HEAP
    ]
