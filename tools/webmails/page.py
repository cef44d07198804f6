"""The table of docs/extension.md about real webmails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.support.made_tables import MadeTable
from tools.bench.results import Limit
from tools.webmails.meeting import READINGS, WRITINGS, Met

TABLE: Final = MadeTable("<!-- Made by `make nightly`: webmails. -->\n", "<!-- End of the webmails. -->\n")
_KINDS: Final = (*READINGS, *WRITINGS)


@dataclass(frozen=True, slots=True)
class Row:
    """One webmail. `met`: by browser and kind; empty if `absence` says why it was not started.

    `reason`: why one press is not enough to read mails there.
    """

    name: str
    version: str
    met: Mapping[str, Mapping[str, Met]]
    absence: str = ""
    reason: str = ""


def draw(rows: Sequence[Row]) -> str:
    """The table: the number of presses to read or write each mail, or the failure."""
    lines = [["", "version", *_KINDS], ["---"] * (len(_KINDS) + 2)]
    lines += [
        [
            row.name,
            row.version,
            *([row.absence] * len(_KINDS) if row.absence else (_cell(row, kind) for kind in _KINDS)),
        ]
        for row in rows
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(row: Row, kind: str) -> str:
    reason = row.reason if kind in READINGS else ""
    shown = {engine: _show(met[kind], reason) for engine, met in row.met.items()}
    if len(set(shown.values())) == 1:
        return next(iter(shown.values()))
    return "; ".join(f"{engine.capitalize()}: {text}" for engine, text in shown.items())


def _show(met: Met, reason: str) -> str:
    by_hand = ", by hand" if met.is_attached_by_hand else ""
    return f"{met.presses}{by_hand}" if met.good else reason or f"**{' '.join(met.said.split())[:120]}**"


def limits(rows: Sequence[Row]) -> list[Limit]:
    """For each of Debian's webmails and each browser: the number of failures, and the most presses for one mail."""
    row_limits = []
    for row in rows:
        if not row.version:
            continue
        for engine, met in row.met.items():
            failed = sum(not outcome.good for outcome in met.values())
            presses = max(outcome.presses for outcome in met.values())
            of = f"{row.name} {row.version}: "
            row_limits.append(Limit(where=engine, what=of + "not as wanted, of 6", value=failed, limit=0, unit="count"))
            row_limits.append(Limit(where=engine, what=of + "presses", value=presses, limit=2, unit="count"))
    return row_limits
