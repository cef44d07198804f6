"""The result for people: a table on the terminal, and the generated page `docs/conformance.md`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.conformance.case import Outcome, Status
from tests.conformance.readers.sets import about

_HEADING = """# Conformance
What `python -m tests.conformance` said of the published test vectors; written by `make conformance`, not by hand.

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


def format_page(outcomes: Sequence[Outcome], *, provider: str, formats: str) -> str:
    """The whole of docs/conformance.md."""
    rows = [
        "| set | what is compared | cases | facts | passed | failed | skipped |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for name in sets_of(outcomes):
        mine = [outcome for outcome in outcomes if outcome.set == name]
        passed, failed, skipped = counts(mine)
        facts = sum(outcome.facts for outcome in mine)
        rows.append(f"| {name} | {about(name)} | {len(mine)} | {facts} | {passed} | {failed} | {skipped} |")
    skips = ["| set | cases | why skipped |", "|---|---:|---|"]
    for (name, why, link), number in skip_reasons(outcomes).items():
        skips.append(f"| {name} | {number} | {why} ([source]({link})) |")
    failures = [f"- {o.set}: {o.name}: {o.why}" for o in outcomes if o.status is Status.FAILED]
    parts = [_HEADING, f"## Results, provider {provider}", *rows, "", "## Skipped", *skips]
    if failures:
        parts += ["", "## Failed", *failures]
    parts += ["", "## A set of your own", formats]
    return "\n".join(parts) + "\n"


def sets_of(outcomes: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(outcome.set for outcome in outcomes))


def counts(outcomes: Sequence[Outcome]) -> tuple[int, int, int]:
    """(passed, failed, skipped)."""
    found = Counter(outcome.status for outcome in outcomes)
    return found[Status.PASSED], found[Status.FAILED], found[Status.SKIPPED]


def skip_reasons(outcomes: Sequence[Outcome]) -> Counter[tuple[str, str, str]]:
    """How many cases of a set were skipped for each reason and link."""
    return Counter((o.set, o.why, o.link) for o in outcomes if o.status is Status.SKIPPED)
