"""The SQL statements that a database runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

# A row that is no table's.
_ONE_ROW = ("SCAN CONSTANT ROW", "SCAN one_row")


@dataclass(slots=True)
class Statements:
    """Statements with their parameters, in their order."""

    seen: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [text for text, _parameters in self.seen]

    def scans(self, database: Path, *, of: str = "") -> list[str]:
        """The statements that read a whole table of an SQLite database, or only those that read one named `of`."""
        texts = []
        with closing(sqlite3.connect(database)) as connection:
            for text, parameters in self.seen:
                if text.split()[0] in ("SELECT", "DELETE", "UPDATE", "INSERT"):
                    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", parameters)]
                    texts += [text for line in plan if line.startswith(f"SCAN {of}") and not line.endswith(_ONE_ROW)]
        return texts


@contextmanager
def traced_statements() -> Iterator[Statements]:
    """Collect the statements of all databases of this process."""
    statements = Statements()

    def note(_connection: object, _cursor: object, text: str, parameters: Any, _context: object, _many: bool) -> None:
        statements.seen.append((text, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)
