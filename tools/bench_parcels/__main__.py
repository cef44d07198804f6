"""`python -m tools.bench_parcels`: measures parcels over the servers of an operator, and in the browsers.

Prints a table for each part and the limits that were promised, and writes build/bench_parcels.json in the format of
`python -m tools.bench`. With `--page` it also writes the tables into a page of the documentation.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.support.browser.browsers import CHROMIUM_PROGRAMS, FIREFOX_PROGRAMS, Name, find_program
from tests.support.databases.postgresql import BINARIES
from tests.support.servers.proxies import NGINX
from tools.bench.machine import ask_version, describe_machine
from tools.bench.results import Figure, Figures, Limit, draw_limits, write_results
from tools.bench_bridge.page import write_machine, write_page, write_table
from tools.bench_parcels import large_files, openings, rig, submissions, transfers

MACHINE: Final = "parcels-machine"
_BROWSERS: Final[tuple[Name, ...]] = ("chromium", "firefox")
_RUNS: Final = 5
_TABLE_WIDTH: Final = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The choices of one run."""

    runs: int
    browsers: Sequence[Name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table, and the limits with which its figures are compared."""

    title: str
    measure: Callable[[Settings], list[Figure]]
    limits: Callable[[Figures], list[Limit]]
    in_browser: bool = False


def _measure_transfers(settings: Settings) -> list[Figure]:
    # The command asks the pages for the address of the API.
    with rig.run_rig(with_pages=True) as servers:
        return transfers.measure_transfers(servers, settings.runs)


def _measure_submissions(_settings: Settings) -> list[Figure]:
    with rig.run_rig() as servers:
        return submissions.measure_submissions(servers)


def _measure_openings(settings: Settings) -> list[Figure]:
    return [figure for name in settings.browsers for figure in openings.measure_openings(name, settings.runs)]


def _measure_large_files(settings: Settings) -> list[Figure]:
    return [figure for name in settings.browsers for figure in large_files.measure_large_files(name)]


PARTS: Final = {
    "parcels-transfers": Part(title="A gigabyte", measure=_measure_transfers, limits=transfers.transfer_limits),
    "parcels-submissions": Part(
        title="Small parcels", measure=_measure_submissions, limits=submissions.submission_limits
    ),
    "parcels-openings": Part(
        title="A letter", measure=_measure_openings, limits=openings.opening_limits, in_browser=True
    ),
    "parcels-files": Part(
        title="Large files", measure=_measure_large_files, limits=large_files.large_file_limits, in_browser=True
    ),
}


def main() -> None:
    """Measure, print the tables, and write the results."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_parcels", description=__doc__)
    names = [name.removeprefix("parcels-") for name in PARTS]
    parser.add_argument("--only", choices=names, nargs="*", help="parts (default: those without a browser)")
    parser.add_argument("--browser", choices=_BROWSERS, nargs="*", default=_BROWSERS)
    parser.add_argument("--runs", type=int, default=_RUNS, help=f"of each job, the median counts (default {_RUNS})")
    parser.add_argument("--out", type=Path, default=Path("build/bench_parcels.json"))
    parser.add_argument("--page", type=Path, help="page of the documentation, into which the tables are written")
    options = parser.parse_args()
    if why := rig.absence():
        parser.exit(1, f"{why}\n")
    chosen = [f"parcels-{name}" for name in options.only or ()]
    settings = Settings(runs=options.runs, browsers=options.browser)
    console, machine = Console(width=_TABLE_WIDTH), {**describe_machine(), **_describe_programs()}
    console.print(" · ".join(f"{name} {value}" for name, value in machine.items()))
    figures: list[Figure] = []
    limits: list[Limit] = []
    for name in chosen or [name for name, part in PARTS.items() if not part.in_browser]:
        part, before = PARTS[name], describe_machine()
        measured = Figures(part.measure(settings))
        compared, part_limits = Figures(measured.with_ratio(transfers.OURS, transfers.THEIRS)), part.limits(measured)
        console.print(compared.draw(part.title))
        figures += measured.all
        limits += part_limits
        if options.page:
            table = write_table(compared, part_limits, before)
            write_page(options.page, {MACHINE: write_machine(machine), name: table})
    console.print(draw_limits(limits))
    write_results(options.out, machine, figures, limits)


def _describe_programs() -> dict[str, str]:
    """The versions of the measured programs, and of the software that they run on."""
    return {
        "gunicorn": version("gunicorn"),
        "Flask": version("flask"),
        "nginx": ask_version(str(NGINX), "-v"),
        "PostgreSQL": ask_version(str(BINARIES / "postgres")) if BINARIES else "?",
        "Chromium": ask_version(find_program(CHROMIUM_PROGRAMS[0])),
        "Firefox": ask_version(find_program(FIREFOX_PROGRAMS[0])),
    }


if __name__ == "__main__":
    main()
