"""The parts of pages of the documentation that programs make, each between two marks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MadeTable:
    """The marks before and behind a table in a page, each a whole line."""

    begin: str
    end: str

    def read(self, page: Path) -> str:
        """The table in the page."""
        return page.read_text(encoding="utf-8").split(self.begin)[1].split(self.end)[0]

    def write(self, page: Path, table: str) -> None:
        """Put a table in the place of the one in the page."""
        before, rest = page.read_text(encoding="utf-8").split(self.begin)
        page.write_text(f"{before}{self.begin}{table}{self.end}{rest.split(self.end)[1]}", encoding="utf-8")
