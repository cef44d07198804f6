"""Tests that the measuring page (`tools/bench`) works. They do not check its figures, which `make bench` measures."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.browser.bidi import PATIENCE_SECONDS
from tests.support.browser.browsers import Browser
from tests.support.project import ROOT
from tools.bench import jobs
from tools.bench.duty_cycle import slowed
from tools.bench.large import largest_peak, reset_peaks
from tools.bench.people import EC, People
from tools.bench.processor_time import browser_processes
from tools.bench.results import Figure, Figures, Limit, draw_limits
from tools.bench.server import serve_page

RUNTIME = ROOT / "dist/runtime"


@pytest.mark.thorough
@pytest.mark.browser
def test_measures_ours_beside_a_peer_that_has_the_job_and_one_that_has_not(browser: Browser) -> None:
    with serve_page({"runtime": RUNTIME}) as address:
        page = browser.open(address)
        page.wait_for("() => Boolean(globalThis.measure)")
        page.js("(...a) => measure.prepare(...a)", [jobs.OURS, jobs.PKIJS, jobs.FORGE], [People().describe(EC)])
        failures = page.js("(...a) => measure.begin(...a)", EC, "decrypt", 1000, [])
        times = page.js("(sides) => measure.round(sides)", [*failures])
        page.close()
    assert failures == {jobs.OURS: None, jobs.PKIJS: None}
    assert times.keys() == failures.keys()


@pytest.mark.browser
def test_measures_operations_back_to_back_and_one_behind_another(browser: Browser) -> None:
    with serve_page({"runtime": RUNTIME}) as address:
        page = browser.open(address)
        page.wait_for("() => Boolean(globalThis.measure)")
        page.js("(...a) => measure.prepare(...a)", [jobs.OURS, jobs.PKIJS], [People().describe(EC)])
        page.js("(...a) => measure.begin(...a)", EC, "sign", 1000, [])
        rows = {side: page.js("(...a) => measure.row(...a)", side, 3) for side in (jobs.OURS, jobs.PKIJS)}
        pair = page.js("(...a) => measure.behind(...a)", EC, "sign", "verify")
        page.close()
    assert {side: len(times) for side, times in rows.items()} == {jobs.OURS: 3, jobs.PKIJS: 3}
    assert pair.keys() == {"alone", "behind"}


@pytest.mark.browser
def test_a_slowed_browser_stops_in_turns_with_all_processes_and_runs_again_afterwards(browser: Browser) -> None:
    with slowed(browser):
        page = browser.open("about:blank")
        deadline = time.monotonic() + PATIENCE_SECONDS
        stopped = _states(browser)
        while stopped != {"T"} and time.monotonic() < deadline:
            stopped = _states(browser)
    assert stopped == {"T"}
    assert "T" not in _states(browser)
    page.close()


@pytest.mark.browser
def test_finds_the_memory_of_the_browsers_renderers(browser: Browser) -> None:
    reset_peaks(browser)
    # Between the least memory that a page needs and the memory of this machine.
    assert 10_000_000 < largest_peak(browser).own < largest_peak(browser).whole < 10_000_000_000


def test_a_limit_holds_up_to_its_figure_and_says_what_was_not_measured() -> None:
    names = {"where": "chromium", "what": "sign", "unit": "ms"}
    values = {5.0: True, 5.1: False, None: None}
    limits = {value: Limit(value=value, limit=5, **names) for value in values}
    assert {value: limit.holds for value, limit in limits.items()} == values
    assert list(draw_limits([*limits.values()]).columns[4].cells) == ["yes", "NO", "not measured"]


def test_the_median_counts_and_a_side_that_failed_has_no_ratio() -> None:
    figures = Figures(
        [
            Figure(where="chromium", job="sign", who="ours", unit="ms", values=(9.0, 2.0, 3.0)),
            Figure(where="chromium", job="sign", who="peer", unit="ms", values=(6.0,)),
            Figure(where="chromium", job="sign", who="failing", unit="ms", failure="out of memory"),
        ]
    )
    assert figures.ratio("chromium", "sign", "ours", "peer") == 0.5
    assert figures.ratio("chromium", "sign", "ours", "failing") is None
    assert figures.ratio("chromium", "sign", "ours", "absent") is None


def _states(browser: Browser) -> set[str]:
    """The states of the browser's processes; Linux writes T for a stopped one. Those that have ended are left out."""
    states = set()
    for process in browser_processes(browser):
        with suppress(OSError):
            states.add(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0])
    return states - {"Z"}
