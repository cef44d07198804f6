"""Upgrades of empty databases that repeat the statements of the first one, because each takes a tenth of a second.

The state of a database is looked at as ever. Tests of the upgrades themselves do not use this.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, inspect

from sealwax.service.schema import Schema

_Statement = tuple[str, Any]
_known: Final[dict[tuple[Path, str], list[_Statement]]] = {}
_upgrade: Final = Schema._run


def _repeat(schema: Schema, rows: Connection, steps: Any) -> None:
    if inspect(rows).get_table_names():
        return _upgrade(schema, rows, steps)
    kind = (schema.package, rows.dialect.name)
    if kind not in _known:
        _known[kind] = _note(schema, rows, steps)
        return None
    for statement, values in _known[kind]:
        rows.exec_driver_sql(statement, values or None).close()
    return None


def _note(schema: Schema, rows: Connection, steps: Any) -> list[_Statement]:
    """Run an upgrade. Returns its statements."""
    noted: list[_Statement] = []

    def note(_rows: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        noted.append((statement, values))

    event.listen(rows, "before_cursor_execute", note)
    try:
        _upgrade(schema, rows, steps)
    finally:
        event.remove(rows, "before_cursor_execute", note)
    return noted


@functools.cache
def _script_of(package: Path) -> ScriptDirectory:
    return ScriptDirectory(str(package))


@pytest.fixture(autouse=True, scope="module")
def repeated_upgrades() -> Iterator[None]:
    """Each module's databases are made so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Schema, "_run", _repeat)
        patch.setattr(Schema, "_script", lambda schema: _script_of(schema.package))
        yield
