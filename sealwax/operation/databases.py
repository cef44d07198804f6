"""The database of a service, as its operator sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from sealwax.operation.findings import Finding, doubtful, fine, wrong
from sealwax.operation.service_user import become_owner
from sealwax.service import DatabaseRefused, DatabaseUnavailable, Fault, Schema, SchemaStatus, file_of, is_missing

_WORDS: Final = {
    Fault.BUSY: ("another process holds it", "wait until that process has ended, or end it"),
    Fault.DISK: ("its disk is full, or fails", "make room on the disk, then try again"),
    Fault.NO_DATABASE: ("the file is no SQLite database", "name another file by the setting database"),
    Fault.DAMAGED: ("it is damaged", "restore it from a backup"),
    Fault.DENIED: (
        "it cannot be opened or written",
        "let the file and its folder belong to the service's user, and run this command as that user",
    ),
    Fault.UNREACHABLE: ("it does not answer", "start it, and look at its address, user and password"),
}


@contextmanager
def database_failures_said() -> Iterator[None]:
    """Turn the failures that keep a command from its database into one sentence. Raises ClickException."""
    try:
        yield
    except DatabaseRefused as error:
        raise click.ClickException(str(error)) from None
    except DatabaseUnavailable as error:
        problem, remedy = _WORDS[error.fault]
        raise click.ClickException(f"the database cannot be used: {problem}. Remedy: {remedy}") from None


def become_owner_of_database(url: str | Path) -> None:
    """As root, become the user whose folder contains a database. That user could otherwise lead root to other files."""
    file = file_of(url)
    become_owner([file] if file else [])


def undo_latest_step(schema: Schema, url: str | Path) -> str:
    """Undo the latest migration, and return a sentence on the database. Raises ClickException."""
    become_owner_of_database(url)
    with database_failures_said():
        if is_missing(url):
            raise click.ClickException(f"{file_of(url)} is missing")
        schema.downgrade_one_step(url)
        return f"the database has revision {schema.state(url).revision or 'of a version without revisions'}"


def check_database(schema: Schema, url: str | Path, *, made_by: str) -> Finding:
    """Say whether the database can be used, and whether it is up to date. The database is not changed.

    `made_by` is the command that makes the database.
    """
    try:
        if is_missing(url):
            return wrong("database", f"{file_of(url)} is missing", f"run: {made_by}")
        state = schema.state(url)
    except DatabaseUnavailable as error:
        return wrong("database", *_WORDS[error.fault])
    content = "tables without a revision" if state.revision is None else f"revision {state.revision}"
    text = f"it has {content}, and this program knows {state.newest}"
    return {
        SchemaStatus.CURRENT: fine("database", f"it answers, with revision {state.revision}"),
        SchemaStatus.EMPTY: doubtful("database", "it has no tables yet", f"run: {made_by}"),
        SchemaStatus.OLDER: doubtful(
            "database", text, "back it up, then restart the service, which brings it up to date"
        ),
        SchemaStatus.BETWEEN_RELEASES: wrong(
            "database",
            f"{text}: a build between two releases has made it",
            "keep it for that build, and name a new database by the setting database",
        ),
        SchemaStatus.NEWER: wrong("database", text, "start the newer version, or run its command step-back"),
        SchemaStatus.OF_ANOTHER_SERVICE: wrong("database", text, "give each service a database of its own"),
    }[state.status]
