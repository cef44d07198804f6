"""The results of measurements: figures, and the limits with which they are compared."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.table import Table

_UNITS: Final = {"ms": "{:,.1f}", "s": "{:,.2f}", "bytes": "{:,.0f}", "MB": "{:,.0f}", "times": "{:.2f}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The values of one side for one job; the median counts. A side that failed has no values, but a `failure`."""

    browser: str
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
        named = {"browser": self.browser, "job": self.job, "who": self.who, "unit": self.unit}
        return {**named, "median": median, "least": least, "runs": len(self.values), "failure": self.failure}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A promise: `value` must not be above `limit`. The value is None if it was not measured."""

    browser: str
    what: str
    value: float | None
    limit: float
    unit: str

    @property
    def holds(self) -> bool | None:
        return None if self.value is None else self.value <= self.limit

    def to_json(self) -> dict[str, Any]:
        named = {"browser": self.browser, "what": self.what, "unit": self.unit}
        return {**named, "value": self.value, "limit": self.limit, "holds": self.holds}


class Figures:
    """All figures of a part, which can be found by browser, job and side."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self.all = list(figures)
        self._by_name = {(figure.browser, figure.job, figure.who): figure for figure in self.all}

    def median(self, browser: str, job: str, who: str) -> float | None:
        """The median of a side for a job; None if the side does not have the job, or failed."""
        figure = self._by_name.get((browser, job, who))
        return figure.median if figure else None

    def ratio(self, browser: str, job: str, one: str, other: str) -> float | None:
        """The median of one side divided by that of the other; None if either has none."""
        top, bottom = self.median(browser, job, one), self.median(browser, job, other)
        return top / bottom if top is not None and bottom else None

    def with_ratio(self, one: str, other: str) -> list[Figure]:
        """All figures, and for each job of both sides the ratio of their medians."""
        ratios = ((browser, job, self.ratio(browser, job, one, other)) for browser, job in self.rows)
        return self.all + [
            Figure(browser=browser, job=job, who=f"{one} / {other}", unit="times", values=(ratio,))
            for browser, job, ratio in ratios
            if ratio is not None
        ]

    @property
    def rows(self) -> list[tuple[str, str]]:
        """The browser and job of each line, in the order of measurement."""
        return list(dict.fromkeys((figure.browser, figure.job) for figure in self.all))

    def draw(self, title: str) -> Table:
        """A table with one line for each job and one column for each side."""
        sides = list(dict.fromkeys(figure.who for figure in self.all))
        table = Table("browser", "job", *sides, title=title)
        for row in self.rows:
            found = (self._by_name.get((*row, side)) for side in sides)
            table.add_row(*row, *("–" if figure is None else _show_figure(figure) for figure in found))
        return table


def draw_limits(limits: Sequence[Limit]) -> Table:
    """A table of the promised limits and the measured values."""
    table = Table("browser", "limit", "found", "at most", "holds", title="Limits")
    for limit in limits:
        found = "–" if limit.value is None else _show(limit.value, limit.unit)
        verdict = {None: "not measured", True: "yes", False: "NO"}[limit.holds]
        table.add_row(limit.browser, limit.what, found, _show(limit.limit, limit.unit), verdict)
    return table


def _show_figure(figure: Figure) -> str:
    return "fails" if figure.median is None else _show(figure.median, figure.unit)


def _show(value: float, unit: str) -> str:
    return f"{_UNITS[unit].format(value)} {unit}"
