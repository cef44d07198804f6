"""`sealwax keys step-back`: undoes the latest migration, so that the version before can use the database."""

from __future__ import annotations

from roaming_keys.server.database import SCHEMA
from roaming_keys.server.operation.settings import KEYS
from sealwax.operation.stepping_back import step_back_command

step_back = step_back_command(KEYS, SCHEMA, lambda settings: settings.to_config().database)
