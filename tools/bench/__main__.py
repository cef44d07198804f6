"""`python -m tools.bench`: compares the browser runtime with PKI.js and node-forge, in Chromium and Firefox.

Prints a table for each part and the limits that were promised, and writes build/bench.json: machine, versions, figures
({"where", "job", "who", "unit", "median", "least", "runs", "failure"}) and limits ({"where", "what", "unit",
"value", "limit", "holds"}).
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.support.browser.browsers import CHROMIUM_PROGRAMS, FIREFOX_PROGRAMS, Name, find_program
from tools.bench import (
    cleanups,
    cost,
    encrypted_search,
    jobs,
    large,
    large_views,
    letters,
    page_loads,
    paths,
    phone,
    starts,
    subjects,
    waits,
    webmail,
    wire,
)
from tools.bench.machine import ask_version, describe_machine
from tools.bench.results import Figure, Figures, Limit, draw_limits, write_results

_BROWSERS: Final[tuple[Name, ...]] = ("chromium", "firefox")
_RUNS: Final = 15
_QUICK_RUNS: Final = 3
_TABLE_WIDTH: Final = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table. `measure` gets browser, bundle and number of runs; `limits` compares the figures with the limits."""

    title: str
    measure: Callable[[Name, Path, int], list[Figure]]
    limits: Callable[[Figures], list[Limit]]
    is_quick: bool = False


def _measure_paths(name: Name, _dist: Path, _runs: int) -> list[Figure]:
    path_time = paths.measure_in_browser(name)
    return [Figure(where=name, job=path_time.job, who="ours", unit="ms", values=(path_time.milliseconds,))]


def _path_limits(figures: Figures) -> list[Limit]:
    return [
        Limit(where=browser, what=job, value=figures.median(browser, job, "ours"), limit=10, unit="ms")
        for browser, job in figures.rows
    ]


_PARTS: Final = {
    "small": Part(title="10 KB", measure=jobs.measure_small, limits=jobs.small_limits, is_quick=True),
    "medium": Part(title="10 MB", measure=jobs.measure_medium, limits=jobs.medium_limits),
    "large": Part(
        title="100 MB", measure=lambda name, dist, _: large.measure_large(name, dist, 100), limits=large.large_limits
    ),
    "views": Part(
        title="Large mails in the pages",
        measure=large_views.measure_large_views,
        limits=large_views.large_view_limits,
    ),
    "start": Part(title="Start", measure=starts.measure_starts, limits=starts.start_limits, is_quick=True),
    "wire": Part(
        title="Over the wire", measure=lambda name, dist, _: wire.measure_wire(name, dist), limits=wire.wire_limits
    ),
    "cleanup": Part(title="Cleanup", measure=cleanups.measure_cleanups, limits=cleanups.cleanup_limits, is_quick=True),
    "wait": Part(title="Waits", measure=waits.measure_waits, limits=waits.wait_limits),
    "pageload": Part(title="Page loads", measure=page_loads.measure_page_loads, limits=page_loads.page_load_limits),
    "cost": Part(title="Cost", measure=cost.measure_cost, limits=cost.cost_limits),
    "subjects": Part(title="Subjects", measure=subjects.measure_subjects, limits=subjects.subjects_limits),
    "search": Part(
        title="Search in encrypted mail",
        measure=encrypted_search.measure_encrypted_search,
        limits=encrypted_search.encrypted_search_limits,
    ),
    "phone": Part(title="Phone", measure=phone.measure_phone, limits=phone.phone_limits),
    "path": Part(title="Certification paths", measure=_measure_paths, limits=_path_limits),
    "webmail": Part(title="Webmail", measure=webmail.measure_webmail, limits=webmail.webmail_limits),
    "letter": Part(title="Letters", measure=letters.measure_letters, limits=letters.letter_limits),
}


def describe_run() -> dict[str, str]:
    """The date, the machine and the programs with which the figures were measured."""
    programs = {"chromium": CHROMIUM_PROGRAMS[0], "firefox": FIREFOX_PROGRAMS[0]}
    return {
        **describe_machine(),
        **{name: ask_version(find_program(names)) for name, names in programs.items()},
        **{package: _package_version(package) for package in ("pkijs", "node-forge", "pyodide")},
    }


def main() -> None:
    """Measure, print the tables, and write the results."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--browser", choices=_BROWSERS, nargs="*", default=_BROWSERS)
    parser.add_argument("--only", choices=[*_PARTS], nargs="*", help="parts (default: all)")
    parser.add_argument("--quick", action="store_true", help="a minute: three runs of the small parts")
    parser.add_argument("--runs", type=int, default=None, help=f"of each job, the median counts (default {_RUNS})")
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    parser.add_argument("--dist", type=Path, default=Path("dist"), help="the bundle to measure (default dist)")
    options = parser.parse_args()
    chosen = options.only or [name for name, part in _PARTS.items() if part.is_quick or not options.quick]
    runs = options.runs or (_QUICK_RUNS if options.quick else _RUNS)
    console, machine = Console(width=_TABLE_WIDTH), describe_run()
    console.print(" · ".join(f"{name} {value}" for name, value in machine.items()))
    figures: list[Figure] = []
    limits: list[Limit] = []
    for part in (_PARTS[name] for name in chosen):
        measured = Figures([figure for name in options.browser for figure in part.measure(name, options.dist, runs)])
        console.print(measured.draw(part.title))
        figures += measured.all
        limits += part.limits(measured)
    console.print(draw_limits(limits))
    write_results(options.out, machine, figures, limits)


@functools.cache
def _package_version(package: str) -> str:
    described = json.loads((Path("node_modules") / package / "package.json").read_text())
    return str(described["version"])


if __name__ == "__main__":
    main()
