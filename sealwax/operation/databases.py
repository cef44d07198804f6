"""The database of a service, as its operator sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from sealwax.operation.findings import Finding, doubtful, fine, wrong
from sealwax.service import DatabaseRefused, DatabaseUnavailable, Schema
from sealwax.service.database import file_of
from sealwax.service.schema import Standing

_REMEDY: Final = "start it, and look at its address, user and password"


@contextmanager
def database_failures_said() -> Iterator[None]:
    """Turn the failures that keep a command from its database into one sentence. Raises ClickException."""
    try:
        yield
    except DatabaseRefused as error:
        raise click.ClickException(str(error)) from None
    except DatabaseUnavailable:
        raise click.ClickException(f"the database does not answer: {_REMEDY}") from None


def undo_latest_step(schema: Schema, url: str | Path) -> str:
    """Undo the latest migration, and return a sentence on the database. Raises ClickException."""
    file = file_of(url)
    if file is not None and not file.exists():
        raise click.ClickException(f"{file} is missing")
    with database_failures_said():
        schema.downgrade_one_step(url)
        return f"the database has revision {schema.state(url).revision or 'of a version without revisions'}"


def check_database(schema: Schema, url: str | Path, *, made_by: str) -> Finding:
    """Say whether the database can be used, and whether it is up to date. It is not changed.

    `made_by` is the command that makes it.
    """
    file = file_of(url)
    if file is not None and not file.exists():
        return wrong("database", f"{file} is missing", f"run: {made_by}")
    try:
        state = schema.state(url)
    except DatabaseUnavailable:
        return wrong("database", "it does not answer", _REMEDY)
    text = f"it has revision {state.revision}, and this program knows {state.newest}"
    match state.standing:
        case Standing.CURRENT:
            return fine("database", f"it answers, with revision {state.revision}")
        case Standing.EMPTY:
            return doubtful("database", "it has no tables yet", f"run: {made_by}")
        case Standing.OLDER:
            return doubtful("database", text, "back it up, then restart the service, which brings it up to date")
        case Standing.NEWER:
            return wrong("database", text, "start the newer version, or run its command step-back")
        case Standing.OF_ANOTHER_SERVICE:
            return wrong("database", text, "give each service a database of its own")
