"""Measures operations on 10 KB and 10 MB, from bytes to bytes, in turns with PKI.js and node-forge in one page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.bench.open_page import open_page
from tests.bench.people import EC, RSA, People
from tests.bench.results import Figure, Figures, Limit
from tests.support.browser.browsers import Name
from tests.support.browser.page import Page

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


def measure_small(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Measure all jobs on 10 KB, for RSA and P-256, with and without the strict setting for private keys."""
    with open_page(name, dist) as page:
        people = People()
        sides = [OURS, STRICT, PKIJS, PKIJS_DEFAULTS, FORGE]
        page.js("(...a) => measure.prepare(...a)", sides, [people.describe(RSA), people.describe(EC)])
        jobs = [(RSA, job) for job in (*JOBS, OLD_TRANSPORT)] + [(EC, job) for job in JOBS]
        return [
            figure
            for key_type, job in jobs
            for figure in _measure(page, name, key_type, job, SMALL_BYTES, runs=runs, left_out=_indifferent(job))
        ]


def measure_medium(name: Name, dist: Path, runs: int) -> list[Figure]:
    """Measure all jobs on 10 MB, for RSA."""
    with open_page(name, dist) as page:
        sides = [OURS, PKIJS, PKIJS_DEFAULTS, FORGE]
        page.js("(...a) => measure.prepare(...a)", sides, [People().describe(RSA)])
        return [
            figure for job in JOBS for figure in _measure(page, name, RSA, job, MEDIUM_BYTES, runs=runs, left_out=[])
        ]


def small_limits(figures: Figures) -> list[Limit]:
    """Limits for 10 KB: 5 ms, the time of PKI.js, and a fifth of node-forge's time; 15 ms with the strict setting."""
    return [limit for browser, job in figures.rows for limit in _small_limits(figures, browser, job)]


def medium_limits(figures: Figures) -> list[Limit]:
    """Limits for 10 MB: 0.7 times PKI.js with its defaults, and the time of PKI.js in its fastest form."""
    return [
        Limit(
            browser=browser,
            what=f"{job}: ours / {peer}",
            value=figures.ratio(browser, job, OURS, peer),
            limit=at_most,
            unit="times",
        )
        for browser, job in figures.rows
        for peer, at_most in ((PKIJS_DEFAULTS, 0.7), (PKIJS, 1.0))
    ]


def _small_limits(figures: Figures, browser: str, job: str) -> Iterator[Limit]:
    is_own_line = OLD_TRANSPORT in job
    if not is_own_line:
        ours = figures.median(browser, job, OURS)
        yield Limit(browser=browser, what=f"{job}: ours", value=ours, limit=5, unit="ms")
        value = figures.ratio(browser, job, OURS, PKIJS)
        yield Limit(browser=browser, what=f"{job}: ours / PKI.js", value=value, limit=1, unit="times")
    if RSA in job and ("sign" in job or "decrypt" in job):
        strict = figures.median(browser, job, STRICT)
        yield Limit(browser=browser, what=f"{job}: ours, strict", value=strict, limit=15, unit="ms")
        if not is_own_line:
            value = figures.ratio(browser, job, OURS, FORGE)
            yield Limit(browser=browser, what=f"{job}: ours / node-forge", value=value, limit=0.2, unit="times")


def _indifferent(job: str) -> list[str]:
    # The strict setting changes nothing for jobs without a private key.
    return [STRICT] if job in ("verify", "encrypt") else []


def _measure(
    page: Page, browser: str, key_type: str, job: str, size: int, *, runs: int, left_out: Sequence[str]
) -> list[Figure]:
    failures: dict[str, str | None] = page.js("(...a) => measure.begin(...a)", key_type, job, size, left_out)
    times: dict[str, list[float]] = {side: [] for side in failures}
    for done in range(runs):
        wanted = [side for side, failure in failures.items() if failure is None and not _is_enough(times[side], done)]
        for side, milliseconds in page.js("(sides) => measure.round(sides)", wanted).items():
            times[side].append(milliseconds)
    return [
        Figure(
            browser=browser,
            job=f"{job} {key_type}",
            who=side,
            unit="ms",
            values=tuple(times[side]),
            failure=failure,
        )
        for side, failure in failures.items()
    ]


def _is_enough(times: list[float], done: int) -> bool:
    return done >= _SLOW_RUNS and min(times, default=math.inf) > _SLOW_MILLISECONDS
