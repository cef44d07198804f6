"""The outcome of mutation runs as a table in the documentation, between its marks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

BEGIN: Final = "<!-- mutation: begin -->"
END: Final = "<!-- mutation: end -->"


def write_page(page: Path, results: Path) -> None:
    """Put the table of `results` between the marks of the page."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    table = make_table(json.loads(results.read_text(encoding="utf-8")))
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def make_table(results: dict[str, dict[str, Any]]) -> str:
    """A table with one line for each module, the sums, and every mutant that survived."""
    lines = ["| module | mutants | noticed | change nothing | survived |", "|---|---|---|---|---|"]
    sums = [0, 0, 0, 0]
    for module, outcome in results.items():
        numbers = [outcome["mutants"], outcome["noticed"], outcome["equivalent"], len(outcome["survived"])]
        sums = [total + number for total, number in zip(sums, numbers, strict=True)]
        lines.append(f"| {module} | " + " | ".join(map(str, numbers)) + " |")
    lines.append("| **all** | " + " | ".join(f"**{number}**" for number in sums) + " |")
    survivors = [f"- {module}: `{survivor}`" for module, outcome in results.items() for survivor in outcome["survived"]]
    return "\n".join([*lines, "", *(["The survivors:", "", *survivors] if survivors else ["None survived."])])
