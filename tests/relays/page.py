"""The part of docs/interoperation.md about relays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_BEGIN: Final = "<!-- Made by `make relays`. -->\n"
_END: Final = "<!-- End of what `make relays` makes. -->\n"


def draw(rows: Sequence[str], columns: Mapping[str, Sequence[str]]) -> str:
    """The table, with a column for each relay."""
    lines = [["", *columns], ["---"] * (len(columns) + 1)]
    lines += [[row, *(cells[index] for cells in columns.values())] for index, row in enumerate(rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write(page: Path, table: str) -> None:
    """Put the table in the place of the one in the page."""
    before, rest = page.read_text().split(_BEGIN)
    page.write_text(f"{before}{_BEGIN}{table}{_END}{rest.split(_END)[1]}")


def read_rows(page: Path) -> list[list[str]]:
    """The cells of the table in the page, a list for each form of mail."""
    table = page.read_text().split(_BEGIN)[1].split(_END)[0]
    return [line.strip("| \n").split(" | ") for line in table.splitlines()[2:]]
