"""Measures operations on 10 KB and 10 MB, from bytes to bytes, by us, PKI.js and node-forge in turn in one page.

Operations on 10 KB run back to back: each begins when the cleanup after the last operation is over. This wait is not
counted. With the strict setting, the wait includes the start of the next Worker. Operations on 10 MB begin after a
rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.support.browser.browsers import Name
from tests.support.browser.page import Page
from tools.bench.open_page import open_page
from tools.bench.people import EC, RSA, People
from tools.bench.results import Figure, Figures, Limit

OURS: Final = "ours"
STRICT: Final = "ours, strict"
PKIJS: Final = "PKI.js"
PKIJS_DEFAULTS: Final = "PKI.js, defaults"
FORGE: Final = "node-forge"
JOBS: Final = ("sign", "verify", "encrypt", "decrypt")
# Decryption with RSA v1.5, which most mail uses. It is a separate job, because PKI.js cannot do it.
OLD_TRANSPORT: Final = "decrypt v1.5"

SMALL_BYTES: Final = 10_000
MEDIUM_BYTES: Final = 10_000_000
# Slower jobs run only a few times, because exact figures are not needed for them.
_SLOW_MILLISECONDS: Final = 400
_SLOW_RUNS: Final = 3
# The number of runs of one side before it is the next side's turn.
_ROW: Final = 5
_MAX_PKIJS: Final = 1.5
# Up to this ratio, a side counts as not slower: even for the same work, medians differ by that much.
_MAX_STRICT: Final = 1.1


def measure_small(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Measure all jobs on 10 KB, for RSA and P-256, with and without the strict setting for private keys."""
    with open_page(name, dist) as page:
        people = People()
        sides = [OURS, STRICT, PKIJS, PKIJS_DEFAULTS, FORGE]
        page.js("(...a) => measure.prepare(...a)", sides, [people.describe(RSA), people.describe(EC)])
        jobs = [(RSA, job) for job in (*JOBS, OLD_TRANSPORT)] + [(EC, job) for job in JOBS]
        return [figure for key_type, job in jobs for figure in _measure_rows(page, name, key_type, job, runs=runs)]


def measure_medium(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Measure all jobs on 10 MB, for RSA."""
    with open_page(name, dist) as page:
        sides = [OURS, STRICT, PKIJS, PKIJS_DEFAULTS, FORGE]
        page.js("(...a) => measure.prepare(...a)", sides, [People().describe(RSA)])
        return [figure for job in JOBS for figure in _measure_rounds(page, name, RSA, job, MEDIUM_BYTES, runs=runs)]


def small_limits(figures: Figures) -> list[Limit]:
    """Limits for 10 KB: 5 ms in Chromium (6 to verify), 8 in Firefox, 1.5 times PKI.js with its keys kept, a fifth of
    node-forge's time; 15 ms with the strict setting."""
    return [limit for browser, job in figures.rows for limit in _small_limits(figures, browser, job)]


def medium_limits(figures: Figures) -> list[Limit]:
    """Limits for 10 MB: 0.7 of PKI.js with its defaults, and the times of fastest PKI.js and of the strict setting."""
    return [
        Limit(
            where=browser,
            what=f"{job}: ours / {peer}",
            value=figures.ratio(browser, job, OURS, peer),
            limit=at_most,
            unit="times",
        )
        for browser, job in figures.rows
        for peer, at_most in ((PKIJS_DEFAULTS, 0.7), (PKIJS, 1.0), (STRICT, _MAX_STRICT))
    ]


def _small_limits(figures: Figures, browser: str, job: str) -> Iterator[Limit]:
    is_own_line = OLD_TRANSPORT in job
    if not is_own_line:
        ours = figures.median(browser, job, OURS)
        yield Limit(where=browser, what=f"{job}: ours", value=ours, limit=_max_milliseconds(browser, job), unit="ms")
        value = figures.ratio(browser, job, OURS, PKIJS)
        yield Limit(where=browser, what=f"{job}: ours / PKI.js", value=value, limit=_MAX_PKIJS, unit="times")
    if RSA in job and ("sign" in job or "decrypt" in job):
        strict = figures.median(browser, job, STRICT)
        yield Limit(where=browser, what=f"{job}: ours, strict", value=strict, limit=15, unit="ms")
        if not is_own_line:
            value = figures.ratio(browser, job, OURS, FORGE)
            yield Limit(where=browser, what=f"{job}: ours / node-forge", value=value, limit=0.2, unit="times")


def _max_milliseconds(browser: str, job: str) -> float:
    if browser == "firefox":
        return 8
    return 6 if job.startswith("verify") else 5


def _measure_rows(page: Page, browser: str, key_type: str, job: str, *, runs: int) -> list[Figure]:
    # The strict setting changes nothing for jobs without a private key.
    left_out = [STRICT] if job in ("verify", "encrypt") else []
    failures: dict[str, str | None] = page.js("(...a) => measure.begin(...a)", key_type, job, SMALL_BYTES, left_out)
    times: dict[str, list[float]] = {side: [] for side in failures}
    for done in range(0, runs, _ROW):
        for side in (side for side, failure in failures.items() if failure is None):
            times[side] += page.js("(...a) => measure.row(...a)", side, min(_ROW, runs - done))
    return _figures(browser, f"{job} {key_type}", times, failures)


def _measure_rounds(page: Page, browser: str, key_type: str, job: str, size: int, *, runs: int) -> list[Figure]:
    failures: dict[str, str | None] = page.js("(...a) => measure.begin(...a)", key_type, job, size, [])
    times: dict[str, list[float]] = {side: [] for side in failures}
    for done in range(runs):
        sides = [side for side, failure in failures.items() if failure is None and not _is_enough(times[side], done)]
        for side, milliseconds in page.js("(sides) => measure.round(sides)", sides).items():
            times[side].append(milliseconds)
    return _figures(browser, f"{job} {key_type}", times, failures)


def _figures(
    browser: str, job: str, times: Mapping[str, list[float]], failures: Mapping[str, str | None]
) -> list[Figure]:
    return [
        Figure(where=browser, job=job, who=side, unit="ms", values=tuple(times[side]), failure=failure)
        for side, failure in failures.items()
    ]


def _is_enough(times: list[float], done: int) -> bool:
    return done >= _SLOW_RUNS and min(times, default=math.inf) > _SLOW_MILLISECONDS
