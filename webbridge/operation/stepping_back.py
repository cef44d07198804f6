"""`sealwax bridge step-back`: the database as the version before this one knows it."""

from __future__ import annotations

from pathlib import Path

from sealwax.operation.settings import load_settings
from sealwax.operation.stepping_back import step_back_command
from webbridge.database import SCHEMA
from webbridge.operation.settings import DEFAULT_FILE, BridgeSettings


def _database_of(file: Path) -> str | Path:
    return load_settings(BridgeSettings, file).to_config().database


step_back = step_back_command(SCHEMA, default_file=DEFAULT_FILE, database_of=_database_of)
