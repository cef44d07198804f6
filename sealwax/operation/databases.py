"""The database of a service, as its operator sees it."""

from __future__ import annotations

from pathlib import Path

from sealwax.operation.findings import Finding, doubtful, fine, wrong
from sealwax.service import DatabaseUnavailable, Schema
from sealwax.service.database import file_of
from sealwax.service.schema import Standing


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
        return wrong("database", "it does not answer", "start it, and look at its address, user and password")
    text = f"it has revision {state.revision}, and this program knows {state.newest}"
    match state.standing:
        case Standing.CURRENT:
            return fine("database", f"it answers, with revision {state.revision}")
        case Standing.EMPTY:
            return doubtful("database", "it has no tables yet", f"run: {made_by}")
        case Standing.OLDER:
            return doubtful("database", text, "back it up, then restart the service, which brings it up to date")
        case Standing.NEWER:
            return wrong("database", text, "start the newer version, or take its database one step back")
        case Standing.OF_ANOTHER_SERVICE:
            return wrong("database", text, "give each service a database of its own")
