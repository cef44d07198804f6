"""The result for people: a table on the terminal, and the generated page `docs/conformance.md`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tools.conformance.case import Outcome, Status
from tools.conformance.readers.sets import about

_HEADING = """# Conformance

What `python -m tools.conformance` said of the published test vectors; written by `make conformance`, not by hand.

Every signature is verified and every plaintext compared for real, by policy ARCHIVE, because many examples are older
than their algorithms' retirement. *Facts* counts what was compared with the set's own statement: an answer, a
plaintext, a number of signers, a body. A skip is a decision with its reason; a case on the list of skips that starts to
pass fails.
"""


def format_table(outcomes: Sequence[Outcome]) -> str:
    """One line for each set, then the failures, then the reasons of the skips."""
    lines = [f"{'set':28} {'cases':>7} {'facts':>8} {'passed':>7} {'failed':>7} {'skipped':>8}"]
    for name in sets_of(outcomes):
        mine = [outcome for outcome in outcomes if outcome.set == name]
        facts = sum(outcome.facts for outcome in mine)
        passed, failed, skipped = counts(mine)
        lines.append(f"{name:28} {len(mine):7} {facts:8} {passed:7} {failed:7} {skipped:8}")
    lines += [f"{name}: {about(name)}" for name in sets_of(outcomes) if " not compared" in about(name)]
    lines += [f"FAILED  {o.set}: {o.name}: {o.why}" for o in outcomes if o.status is Status.FAILED]
    lines += [
        f"skipped {number} of {name}: {why} ({link})" for (name, why, link), number in skip_reasons(outcomes).items()
    ]
    return "\n".join(lines)


def format_page(outcomes: Mapping[str, Sequence[Outcome]], *, formats: str) -> str:
    """The text of docs/conformance.md, from the `outcomes` of each provider."""
    rows = [
        f"| set | what is compared | cases | facts | {' | '.join(outcomes)} |",
        f"|---|---|---:|---:{'|---' * len(outcomes)}|",
    ]
    first = next(iter(outcomes.values()))
    for name in sets_of(first):
        mine = [outcome for outcome in first if outcome.set == name]
        cells = [_cell([outcome for outcome in results if outcome.set == name]) for results in outcomes.values()]
        facts = sum(outcome.facts for outcome in mine)
        rows.append(f"| {name} | {about(name)} | {len(mine)} | {facts} | {' | '.join(cells)} |")
    rows.append(
        f"| all | | {len(first)} | {sum(o.facts for o in first)} | {' | '.join(map(_cell, outcomes.values()))} |"
    )
    skips = ["| set | cases | why skipped |", "|---|---:|---|"]
    for (name, why, link), number in skip_reasons(first).items():
        skips.append(f"| {name} | {number} | {why} ([source]({link})) |")
    parts = [_HEADING, "## Results by provider", "", *rows, "", "## Skipped", "", *skips]
    for provider, results in outcomes.items():
        failures = [f"- {o.set}: {o.name}: {o.why}" for o in results if o.status is Status.FAILED]
        parts += ["", f"## Failed, provider {provider}", "", *failures] if failures else []
        further = Counter(skip_reasons(results)) - skip_reasons(first)
        parts += ["", f"## Skipped besides, provider {provider}", ""] if further else []
        parts += [f"- {number} of {name}: {why} ([source]({link}))" for (name, why, link), number in further.items()]
    return "\n".join([*parts, "", "## A set of your own", "", formats]) + "\n"


def sets_of(outcomes: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(outcome.set for outcome in outcomes))


def counts(outcomes: Sequence[Outcome]) -> tuple[int, int, int]:
    """The numbers of cases that passed, failed and were skipped."""
    totals = Counter(outcome.status for outcome in outcomes)
    return totals[Status.PASSED], totals[Status.FAILED], totals[Status.SKIPPED]


def _cell(outcomes: Sequence[Outcome]) -> str:
    words = ("passed", "failed", "skipped")
    return ", ".join(f"{number} {word}" for number, word in zip(counts(outcomes), words, strict=True) if number)


def skip_reasons(outcomes: Sequence[Outcome]) -> Counter[tuple[str, str, str]]:
    """The number of skipped cases for each set, reason and link."""
    return Counter((o.set, o.why, o.link) for o in outcomes if o.status is Status.SKIPPED)
