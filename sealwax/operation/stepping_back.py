"""The command `step-back` of a service: the database as the version before this one knows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from sealwax.cli.options.request import given_by, verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.databases import undo_latest_step
from sealwax.operation.options import config_option
from sealwax.service import Schema


def step_back_command(
    schema: Schema, *, default_file: Path, database_of: Callable[[Path], str | Path]
) -> click.Command:
    """Return the command for a service. `database_of` reads the path or URL of the database from the configuration."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class StepBackRequest:
        """The configuration that names the database."""

        config: Path = given_by(config_option(default_file))

    @verb(StepBackRequest, "step-back")
    def step_back(request: StepBackRequest) -> None:
        """Undo the latest migration of the database, for a return to an older version of Sealwax.

        Stop the service first, and run this command of the newer version until it prints the revision that the older
        version knows. It deletes all that the older version has no table for, so back the database up before.
        """
        write_line(undo_latest_step(schema, database_of(request.config)))

    return step_back
