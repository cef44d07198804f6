"""`sealwax bridge step-back`: the database as the version before this one knows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sealwax.cli.options.request import given_by, verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.databases import undo_latest_step
from sealwax.operation.options import config_option
from sealwax.operation.settings import load_settings
from webbridge.database import SCHEMA
from webbridge.operation.settings import DEFAULT_FILE, BridgeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBackRequest:
    """The configuration that names the database."""

    config: Path = given_by(config_option(DEFAULT_FILE))


@verb(StepBackRequest, "step-back")
def step_back(request: StepBackRequest) -> None:
    """Undo the latest migration of the database, for a return to an older version of Sealwax.

    Stop the service first, and run this command of the newer version until it prints the revision that the older
    version knows.
    """
    config = load_settings(BridgeSettings, request.config).to_config()
    write_line(undo_latest_step(SCHEMA, config.database))
