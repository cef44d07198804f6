"""`sealwax keys step-back`: the database as the version before this one knows it."""

from __future__ import annotations

from pathlib import Path

from roaming_keys.server.database import SCHEMA
from roaming_keys.server.operation.settings import DEFAULT_FILE, KeysSettings
from sealwax.operation.settings import load_settings
from sealwax.operation.stepping_back import step_back_command


def _database_of(file: Path) -> str | Path:
    return load_settings(KeysSettings, file).to_config().database


step_back = step_back_command(SCHEMA, default_file=DEFAULT_FILE, database_of=_database_of)
