"""The tables of the measurements in a page of the documentation, each between two marks that name the table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tools.bench.results import Figures, Limit, show, show_figure

MACHINE: Final = "machine"
# Numbers in these units are written without the unit.
_PLAIN: Final = re.compile(r" (times|count)$")


def write_page(path: Path, blocks: Mapping[str, str]) -> None:
    """Put the blocks between their marks. Everything else in the page stays as it is."""
    text = path.read_text(encoding="utf-8")
    for name, block in blocks.items():
        begin, end = f"<!-- bench-bridge {name}: begin -->", f"<!-- bench-bridge {name}: end -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{block}\n{end}{rest.split(end)[1]}"
    path.write_text(text, encoding="utf-8")


def write_machine(machine: Mapping[str, str]) -> str:
    """The programs as a sentence. The processor is named below each table."""
    programs = [f"{name} {value}" for name, value in machine.items() if name not in ("date", "processor", "load")]
    return f"{', '.join(programs)}."


def write_table(figures: Figures, limits: Sequence[Limit], before: Mapping[str, str]) -> str:
    """A table with a line for each job: the medians of each side, and the limits. Below it, the date and the machine.

    `before` is the machine as it was before the measurement (`describe_machine`).
    """
    sides = list(dict.fromkeys(figure.who for figure in figures.all))
    lines = [["", "", *sides, "wanted"], ["---", "---", *("---:" for _ in sides), "---:"]]
    for where, job in figures.rows:
        row_figures = (figures.find(where, job, side) for side in sides)
        cells = ["–" if figure is None else _plain(show_figure(figure)) for figure in row_figures]
        lines.append([where, job, *cells, "; ".join(_wanted(job, limit) for limit in _limits_of(where, job, limits))])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\nMeasured {before['date']} on {before['processor']}, load before it {before['load']}."


def _limits_of(where: str, job: str, limits: Sequence[Limit]) -> list[Limit]:
    return [
        limit for limit in limits if limit.where == where and (limit.what == job or limit.what.startswith(f"{job}: "))
    ]


def _wanted(job: str, limit: Limit) -> str:
    what, most = limit.what.removeprefix(job).removeprefix(": "), _plain(show(limit.limit, limit.unit))
    verdict = {None: ", not measured", True: "", False: ", **missed**"}[limit.holds]
    # A ratio that is also a column of the table is not repeated here.
    if what in ("", "ours / Roundcube"):
        return f"{most}{verdict}"
    value = "–" if limit.value is None else _plain(show(limit.value, limit.unit))
    return f"{what} {value}, at most {most}{verdict}"


def _plain(text: str) -> str:
    return _PLAIN.sub("", text)
