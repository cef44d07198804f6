"""`python -m tools.bench_keys`: measures the cost of logins, and whether their time reveals who is registered.

Prints a table for each part and the limits that were promised, and writes build/bench_keys.json. With `--page` it also
writes the tables into a page of the documentation.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from rich.console import Console

from tools.bench.machine import describe_machine
from tools.bench.results import Figures, draw_limits, write_results
from tools.bench_bridge.page import write_page, write_table
from tools.bench_keys import guessing, logins
from tools.bench_keys.rig import run_rig

_TABLE_WIDTH: Final = 130
_LARGE_ACCOUNTS: Final = 20
# With 600 guesses of each kind, chance alone moves the AUC by 0.03 once in fifteen times; with 2,400 guesses, by half
# as much.
_GUESSES: Final = 4


def main() -> None:
    """Measure, print the tables, and write the results."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_keys", description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000, help="in the database (default 100,000)")
    parser.add_argument("--runs", type=int, default=600, help="logins of each kind (default 600)")
    parser.add_argument("--out", type=Path, default=Path("build/bench_keys.json"))
    parser.add_argument("--page", type=Path, help="page of the documentation, into which the tables are written")
    options = parser.parse_args()
    console, machine = Console(width=_TABLE_WIDTH), describe_machine()
    console.print(" · ".join(f"{name} {value}" for name, value in machine.items()))
    where = f"{options.accounts:,} accounts"
    with run_rig(accounts=options.accounts, large=_LARGE_ACCOUNTS) as rig:
        costs = Figures([*logins.measure_logins(rig, where, options.runs), *logins.measure_storm(rig, where)])
        guesses = Figures(guessing.measure_guessing(rig, _LARGE_ACCOUNTS, options.runs * _GUESSES))
    parts = {
        "keys-logins": (costs, logins.login_limits(costs)),
        "keys-guessing": (guesses, guessing.guessing_limits(guesses)),
    }
    for name, (figures, limits) in parts.items():
        console.print(figures.draw(name))
        if options.page:
            table = write_table(figures, limits, machine)
            write_page(options.page, {name: table})
    limits = [limit for _, part_limits in parts.values() for limit in part_limits]
    console.print(draw_limits(limits))
    write_results(options.out, machine, [*costs.all, *guesses.all], limits)


if __name__ == "__main__":
    main()
