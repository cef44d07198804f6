"""Measures requests of 10 KB that come while a Worker is being reset after the last operation, and after a pause.

After a job with a secret key, the cleanup includes the garbage collection of the browser's keys. Verification uses no
secret key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.support.browser.browsers import Name
from tests.support.browser.page import Page
from tools.bench.jobs import JOBS, OURS, PKIJS, SMALL_BYTES, STRICT
from tools.bench.open_page import open_page
from tools.bench.people import RSA, People
from tools.bench.results import Figure, Figures, Limit

BEHIND: Final = "behind another"
ALONE: Final = "alone"
WAIT: Final = "wait"
_BEHIND: Final = {
    "verify behind the rewind of a verification": "verify",
    "verify behind the collection of a signature": "sign",
    "verify behind the collection of a decryption": "decrypt",
}
_PAUSED: Final = "after a pause of 2 s"
_PAUSE_MILLISECONDS: Final = 2000
_MAX_WAIT_MILLISECONDS: Final = 30
# Up to this ratio, a side counts as not slower: even for the same work, medians differ by that much.
_MAX_RATIO: Final = 1.1


def measure_waits(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Measure requests right after another request, then each job after a pause, on all sides in turn."""
    with open_page(name, dist) as page:
        page.js("(...a) => measure.prepare(...a)", [OURS, STRICT, PKIJS], [People().describe(RSA)])
        behind = [figure for job, first in _BEHIND.items() for figure in _measure_behind(page, name, job, first, runs)]
        paused = [figure for job in JOBS for figure in _measure_paused(page, name, job, runs)]
    return behind + Figures(paused).with_ratio(OURS, PKIJS)


def wait_limits(figures: Figures) -> list[Limit]:
    """Limits: a wait of 30 ms right after another request; after a pause, the time of the strict setting."""
    return [
        Limit(
            where=browser,
            what=f"{job}: {WAIT}",
            value=figures.median(browser, job, WAIT),
            limit=_MAX_WAIT_MILLISECONDS,
            unit="ms",
        )
        if job in _BEHIND
        else Limit(
            where=browser,
            what=f"{job}: ours / strict",
            value=figures.ratio(browser, job, OURS, STRICT),
            limit=_MAX_RATIO,
            unit="times",
        )
        for browser, job in figures.rows
    ]


def _measure_behind(page: Page, browser: str, job: str, first: str, runs: int) -> list[Figure]:
    pairs = [page.js("(...a) => measure.behind(...a)", RSA, first, "verify") for _ in range(runs)]
    values = {
        BEHIND: [pair["behind"] for pair in pairs],
        ALONE: [pair["alone"] for pair in pairs],
        WAIT: [pair["behind"] - pair["alone"] for pair in pairs],
    }
    return [Figure(where=browser, job=job, who=who, unit="ms", values=tuple(times)) for who, times in values.items()]


def _measure_paused(page: Page, browser: str, job: str, runs: int) -> list[Figure]:
    failures: dict[str, str | None] = page.js("(...a) => measure.begin(...a)", RSA, job, SMALL_BYTES, [])
    working = [side for side, failure in failures.items() if failure is None]
    rounds = [page.js("(...a) => measure.round(...a)", working, _PAUSE_MILLISECONDS) for _ in range(runs)]
    return [
        Figure(
            where=browser,
            job=f"{job} {_PAUSED}",
            who=side,
            unit="ms",
            values=tuple(times[side] for times in rounds if side in times),
            failure=failure,
        )
        for side, failure in failures.items()
    ]
