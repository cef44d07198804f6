"""`sealwax bridge step-back`: the database in the form of the previous version."""

from __future__ import annotations

from sealwax.operation.stepping_back import step_back_command
from webbridge.database import SCHEMA
from webbridge.operation.settings import BRIDGE

step_back = step_back_command(BRIDGE, SCHEMA, lambda settings: settings.to_config().database)
