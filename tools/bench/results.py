"""The results of measurements: figures, and the limits with which they are compared."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.table import Table

_UNITS: Final = {
    "ms": "{:,.1f}",
    "s": "{:,.2f}",
    "bytes": "{:,.0f}",
    "MB": "{:,.0f}",
    "times": "{:.2f}",
    "count": "{:,.0f}",
    "per second": "{:,.1f}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The values of one side for one job, of which the median counts. A side that failed has a `failure` and no values.

    `where` is the browser, or the state of the servers.
    """

    where: str
    job: str
    who: str
    unit: str
    values: tuple[float, ...] = ()
    failure: str | None = None

    @property
    def median(self) -> float | None:
        return statistics.median(self.values) if self.values else None

    def to_json(self) -> dict[str, Any]:
        median, least = self.median, min(self.values, default=None)
        named = {"where": self.where, "job": self.job, "who": self.who, "unit": self.unit}
        return {**named, "median": median, "least": least, "runs": len(self.values), "failure": self.failure}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A promise: `value` must not be above `limit`. The value is None if it was not measured."""

    where: str
    what: str
    value: float | None
    limit: float
    unit: str

    @property
    def holds(self) -> bool | None:
        return None if self.value is None else self.value <= self.limit

    def to_json(self) -> dict[str, Any]:
        named = {"where": self.where, "what": self.what, "unit": self.unit}
        return {**named, "value": self.value, "limit": self.limit, "holds": self.holds}


class Figures:
    """All figures of one table, found by `where`, `job` and `who`."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self.all = list(figures)
        self._by_name = {(figure.where, figure.job, figure.who): figure for figure in self.all}

    def find(self, where: str, job: str, who: str) -> Figure | None:
        """The figure of a side for a job, if the side has the job."""
        return self._by_name.get((where, job, who))

    def median(self, where: str, job: str, who: str) -> float | None:
        """The median of a side for a job; None if the side does not have the job, or failed."""
        figure = self.find(where, job, who)
        return figure.median if figure else None

    def ratio(self, where: str, job: str, one: str, other: str) -> float | None:
        """The median of one side divided by the other side's; None if a median is missing."""
        top, bottom = self.median(where, job, one), self.median(where, job, other)
        return top / bottom if top is not None and bottom else None

    def with_ratio(self, one: str, other: str) -> list[Figure]:
        """All figures, and the ratio of the medians for each job that both sides have."""
        ratios = ((where, job, self.ratio(where, job, one, other)) for where, job in self.rows)
        return self.all + [
            Figure(where=where, job=job, who=f"{one} / {other}", unit="times", values=(ratio,))
            for where, job, ratio in ratios
            if ratio is not None
        ]

    @property
    def rows(self) -> list[tuple[str, str]]:
        """`where` and `job` of each line, in the order of measurement."""
        return list(dict.fromkeys((figure.where, figure.job) for figure in self.all))

    def draw(self, title: str) -> Table:
        """A table with one line for each job and one column for each side."""
        sides = list(dict.fromkeys(figure.who for figure in self.all))
        table = Table("where", "job", *sides, title=title)
        for row in self.rows:
            figures = (self.find(*row, side) for side in sides)
            table.add_row(*row, *("–" if figure is None else show_figure(figure) for figure in figures))
        return table


def draw_limits(limits: Sequence[Limit]) -> Table:
    """A table of the promised limits and the measured values."""
    table = Table("where", "limit", "found", "at most", "holds", title="Limits")
    for limit in limits:
        value = "–" if limit.value is None else show(limit.value, limit.unit)
        verdict = {None: "not measured", True: "yes", False: "NO"}[limit.holds]
        table.add_row(limit.where, limit.what, value, show(limit.limit, limit.unit), verdict)
    return table


def write_results(out: Path, machine: dict[str, str], figures: Sequence[Figure], limits: Sequence[Limit]) -> None:
    """Write machine, figures and limits as JSON."""
    results = {
        "machine": machine,
        "figures": [figure.to_json() for figure in figures],
        "limits": [limit.to_json() for limit in limits],
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def show_figure(figure: Figure) -> str:
    """The median with its unit."""
    return "fails" if figure.median is None else show(figure.median, figure.unit)


def show(value: float, unit: str) -> str:
    """A value with its unit."""
    return f"{_UNITS[unit].format(value)} {unit}"
