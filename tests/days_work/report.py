"""The report of the walks: a table with the clicks and seconds of each step, the sums, and the measures."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tests.days_work.steps import NAMES, Done

OURS, THEIRS = "pointer", "Roundcube"
MOST_CLICKS: Final = 1.0
MOST_SECONDS: Final = 1.2
TITLES: Final = {"pointer": "ours", "Roundcube": "Roundcube"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """The walks of one program, of which the median of the seconds counts. `when` is the date, and the load before."""

    program: str
    when: str
    steps: Mapping[int, Done]

    @property
    def clicks(self) -> int:
        return sum(done.clicks for done in self.steps.values())

    @property
    def seconds(self) -> float:
        return sum(done.seconds for done in self.steps.values())

    @property
    def lacks(self) -> dict[int, str]:
        return {number: done.lacks for number, done in self.steps.items() if done.lacks is not None}

    def only(self, numbers: Iterable[int]) -> Walked:
        """The same walks, of these steps only."""
        return Walked(program=self.program, when=self.when, steps={number: self.steps[number] for number in numbers})


def combine(program: str, when: str, walks: Sequence[Sequence[Done]]) -> Walked:
    """Several walks of one program as one: the medians of clicks and seconds. A step is lacking if it ever was."""
    by_step = {done.number: [walk[index] for walk in walks] for index, done in enumerate(walks[0])}
    return Walked(program=program, when=when, steps={number: _median(found) for number, found in by_step.items()})


def keep(out: Path, walked: Walked, machine: Mapping[str, str]) -> dict[str, Walked]:
    """Add the walks of a program to the file of results. Returns all that it has."""
    results: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {}
    steps = [asdict(done) for done in walked.steps.values()]
    results[walked.program] = {"when": walked.when, "machine": dict(machine), "steps": steps}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n")
    return {
        name: Walked(program=name, when=found["when"], steps={one["number"]: Done(**one) for one in found["steps"]})
        for name, found in results.items()
    }


def write_blocks(walks: Mapping[str, Walked]) -> dict[str, str]:
    """The parts of the page for which there are walks, by their names: those that are compared, and the others."""
    compared = {"days-work": write_table(walks)} if TITLES.keys() & walks.keys() else {}
    others = [one for name, one in walks.items() if name not in TITLES]
    return {**compared, **({"days-work otherwise": _write_others(others)} if others else {})}


def write_table(walks: Mapping[str, Walked]) -> str:
    """The steps as a table of Markdown, with the sums, the measures, and the steps that a program cannot do."""
    shown = [walks[name] for name in TITLES if name in walks]
    head = ["step", "", *(f"{TITLES[one.program]}: {what}" for one in shown for what in ("clicks", "s"))]
    lines = [head, ["---:", "---", *("---:" for _ in head[2:])]]
    for number, name in NAMES.items():
        if any(number in one.steps for one in shown):
            lines.append([str(number), name, *(cell for one in shown for cell in _cells(one.steps.get(number)))])
    lines.append(["", "**all**", *(cell for one in shown for cell in _sums(one))])
    both = [number for number in NAMES if all(_can(one, number) for one in shown if one.program in (OURS, THEIRS))]
    if {OURS, THEIRS} <= walks.keys():
        parts = [one.only(number for number in both if number in one.steps) for one in shown]
        lines.append(["", "**what both can do**", *(cell for one in parts for cell in _sums(one))])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([table, *_sentences(shown, walks, both)])


def _write_others(walks: Sequence[Walked]) -> str:
    """The walks that are compared with nothing: by keyboard, by touch, with losses of the network, in other engines."""
    lines = [["ours, otherwise", "steps", "clicks", "s", "cannot", "measured"]]
    lines.append(["---", "---:", "---:", "---:", "---", "---"])
    for one in walks:
        lacks = ", ".join(str(number) for number in one.lacks) or "–"
        done = len(one.steps) - len(one.lacks)
        lines.append([one.program, str(done), str(one.clicks), f"{one.seconds:.1f}", lacks, one.when])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def measures(walks: Mapping[str, Walked]) -> dict[str, tuple[float, float]]:
    """The shares of Roundcube's clicks and seconds, and the most that they may be. Empty without both walks."""
    if not {OURS, THEIRS} <= walks.keys():
        return {}
    ours, theirs = walks[OURS], walks[THEIRS]
    return {
        "clicks": (ours.clicks / max(theirs.clicks, 1), MOST_CLICKS),
        "seconds": (ours.seconds / max(theirs.seconds, 0.001), MOST_SECONDS),
    }


def _sentences(shown: Sequence[Walked], walks: Mapping[str, Walked], both: Sequence[int]) -> list[str]:
    found = []
    for what, (share, most) in measures(walks).items():
        parts = [walks[name].only(number for number in both if number in walks[name].steps) for name in (OURS, THEIRS)]
        ours, theirs = (getattr(part, what) for part in parts)
        missed = "" if share <= most else ", **missed**"
        alike = f"; of what both can do {ours / max(theirs, 0.001):.2f}"
        found.append(f"{what.capitalize()}, ours / Roundcube: {share:.2f}, wanted at most {most}{missed}{alike}.")
    for one in shown:
        lacks = "; ".join(f"{number} ({why})" for number, why in one.lacks.items())
        if lacks:
            found.append(f"Steps that {TITLES[one.program]} cannot do, and that count as nothing: {lacks}.")
    found.append(f"Measured: {'; '.join(f'{TITLES[one.program]} {one.when}' for one in shown)}.")
    return found


def _cells(done: Done | None) -> list[str]:
    if done is None:
        return ["–", "–"]
    if done.lacks is not None:
        return ["cannot", "–"]
    return [str(done.clicks), f"{done.seconds:.1f}"]


def _sums(walked: Walked) -> list[str]:
    return [f"**{walked.clicks}**", f"**{walked.seconds:.1f}**"]


def _can(walked: Walked, number: int) -> bool:
    return number in walked.steps and walked.steps[number].lacks is None


def _median(found: Sequence[Done]) -> Done:
    first = found[0]
    lacks = next((done.lacks for done in found if done.lacks is not None), None)
    if lacks is not None:
        return Done(number=first.number, lacks=lacks)
    clicks = round(statistics.median(done.clicks for done in found))
    return Done(number=first.number, clicks=clicks, seconds=statistics.median(done.seconds for done in found))
