"""The part of docs/interoperation.md about relays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.support.made_tables import MadeTable

TABLE: Final = MadeTable("<!-- Made by `make relays`. -->\n", "<!-- End of what `make relays` makes. -->\n")


def draw(rows: Sequence[str], columns: Mapping[str, Sequence[str]]) -> str:
    """The table, with a column for each relay."""
    lines = [["", *columns], ["---"] * (len(columns) + 1)]
    lines += [[row, *(cells[index] for cells in columns.values())] for index, row in enumerate(rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def read_rows(page: Path) -> list[list[str]]:
    """The cells of the table in the page, a list for each form of mail."""
    return [line.strip("| \n").split(" | ") for line in TABLE.read(page).splitlines()[2:]]
