"""The report of the walks: a table with the clicks and seconds of each step, the sums, and the limits."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tools.days_work.steps import NAMES, Done

OURS, THEIRS, EXTENDED = "pointer", "Roundcube", "extension"
MOST_CLICKS: Final = 1.0
MOST_SECONDS: Final = 1.2
TITLES: Final = {OURS: "ours", THEIRS: "Roundcube", EXTENDED: "the extension in Roundcube"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """The walks of one program, with the medians of each step. `when` is the date, and the machine's load before."""

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
        """The same walks with only these steps."""
        return Walked(program=self.program, when=self.when, steps={number: self.steps[number] for number in numbers})


def combine(program: str, when: str, walks: Sequence[Sequence[Done]]) -> Walked:
    """Several walks of one program as one, with medians. A step that was lacking in any walk is lacking."""
    by_step = {done.number: [walk[index] for walk in walks] for index, done in enumerate(walks[0])}
    return Walked(program=program, when=when, steps={number: _median(steps) for number, steps in by_step.items()})


def keep(out: Path, walked: Walked, machine: Mapping[str, str]) -> dict[str, Walked]:
    """Add the walks of a program to the file of results. Returns all walks in the file."""
    results: dict[str, Any] = json.loads(out.read_text()) if out.exists() else {}
    steps = [asdict(done) for done in walked.steps.values()]
    results[walked.program] = {"when": walked.when, "machine": dict(machine), "steps": steps}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n")
    return {
        name: Walked(
            program=name, when=result["when"], steps={step["number"]: Done(**step) for step in result["steps"]}
        )
        for name, result in results.items()
    }


def write_blocks(walks: Mapping[str, Walked]) -> dict[str, str]:
    """The blocks of the page that have walks, by name: the table of compared programs, and the other walks."""
    compared = {"days-work": write_table(walks)} if TITLES.keys() & walks.keys() else {}
    others = [walk for name, walk in walks.items() if name not in TITLES]
    return {**compared, **({"days-work otherwise": _write_others(others)} if others else {})}


def write_table(walks: Mapping[str, Walked]) -> str:
    """The steps as a table of Markdown, with the sums, the measures, and the steps that a program cannot do."""
    shown = [walks[name] for name in TITLES if name in walks]
    head = ["step", "", *(f"{TITLES[walk.program]}: {what}" for walk in shown for what in ("clicks", "s"))]
    lines = [head, ["---:", "---", *("---:" for _ in head[2:])]]
    for number, name in NAMES.items():
        if any(number in walk.steps for walk in shown):
            lines.append([str(number), name, *(cell for walk in shown for cell in _cells(walk.steps.get(number)))])
    lines.append(["", "**all**", *(cell for walk in shown for cell in _sums(walk))])
    if len(shown) > 1:
        parts = [walk.only(_common(shown)) for walk in shown]
        words = "both" if len(shown) == 2 else "all three"
        lines.append(["", f"**what {words} can do**", *(cell for part in parts for cell in _sums(part))])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([table, *_sentences(shown, walks)])


def _write_others(walks: Sequence[Walked]) -> str:
    """The walks without comparison: by keyboard, by touch, with losses of the network, in other engines."""
    lines = [["ours, otherwise", "steps", "clicks", "s", "cannot", "measured"]]
    lines.append(["---", "---:", "---:", "---:", "---", "---"])
    for walk in walks:
        lacks = ", ".join(str(number) for number in walk.lacks) or "–"
        done = len(walk.steps) - len(walk.lacks)
        lines.append([walk.program, str(done), str(walk.clicks), f"{walk.seconds:.1f}", lacks, walk.when])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def measures(walks: Mapping[str, Walked]) -> dict[str, tuple[float, float]]:
    """Our shares of Roundcube's clicks and seconds, with their limits. Empty unless both programs were walked."""
    if not {OURS, THEIRS} <= walks.keys():
        return {}
    ours, theirs = walks[OURS], walks[THEIRS]
    return {
        "clicks": (ours.clicks / max(theirs.clicks, 1), MOST_CLICKS),
        "seconds": (ours.seconds / max(theirs.seconds, 0.001), MOST_SECONDS),
    }


def _sentences(shown: Sequence[Walked], walks: Mapping[str, Walked]) -> list[str]:
    sentences = []
    for what, (share, most) in measures(walks).items():
        missed = "" if share <= most else ", **missed**"
        alike = f"; of what both can do {_share_of_common(walks[OURS], walks[THEIRS], what):.2f}"
        sentences.append(f"{what.capitalize()}, ours / Roundcube: {share:.2f}, wanted at most {most}{missed}{alike}.")
    if {EXTENDED, THEIRS} <= walks.keys():
        clicks, seconds = (_share_of_common(walks[EXTENDED], walks[THEIRS], what) for what in ("clicks", "seconds"))
        sentences.append(
            "The extension in Roundcube / Roundcube with messages in clear, of what both can do: "
            f"clicks {clicks:.2f}, seconds {seconds:.2f}."
        )
    for walk in shown:
        lacks = _write_lacks(walk)
        if lacks:
            sentences.append(f"Steps that {TITLES[walk.program]} cannot do, and that count as nothing: {lacks}.")
    sentences.append(f"Measured: {'; '.join(f'{TITLES[walk.program]} {walk.when}' for walk in shown)}.")
    return sentences


def _write_lacks(walked: Walked) -> str:
    """The steps that a program cannot do, grouped by reason."""
    by_reason: dict[str, list[str]] = {}
    for number, why in walked.lacks.items():
        by_reason.setdefault(why, []).append(str(number))
    return "; ".join(f"{', '.join(numbers)} ({why})" for why, numbers in by_reason.items())


def _common(walks: Sequence[Walked]) -> list[int]:
    """The steps that all these programs can do."""
    return [number for number in NAMES if all(_can(walk, number) for walk in walks)]


def _share_of_common(walk: Walked, other: Walked, what: str) -> float:
    """One program's share of another's clicks or seconds, for the steps that both can do."""
    common = _common([walk, other])
    mine, theirs = (getattr(walked.only(common), what) for walked in (walk, other))
    return float(mine / max(theirs, 0.001))


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


def _median(steps: Sequence[Done]) -> Done:
    first = steps[0]
    lacks = next((done.lacks for done in steps if done.lacks is not None), None)
    if lacks is not None:
        return Done(number=first.number, lacks=lacks)
    clicks = round(statistics.median(done.clicks for done in steps))
    return Done(number=first.number, clicks=clicks, seconds=statistics.median(done.seconds for done in steps))
