"""The database of the bridge, as its operator sees it: made by `init`, looked at by `check`."""

from __future__ import annotations

from pathlib import Path

from sealwax.operation.findings import Finding, fine, wrong
from webbridge.config import BridgeConfig
from webbridge.database import open_database


def database_file(config: BridgeConfig) -> Path | None:
    """Return the SQLite file, or None for another database."""
    return Path(config.database) if config.database.startswith("/") else None


def make_database(config: BridgeConfig) -> None:
    """Make the database and its tables, or bring them up to date."""
    open_database(config.database).close()


def check_database(config: BridgeConfig) -> Finding:
    """Say whether the database can be used. It is not changed."""
    file = database_file(config)
    if file is not None and not file.exists():
        return wrong("database", f"{file} is missing", "run: sealwax bridge init")
    return fine("database", "it answers")
