"""The command `step-back` of a service. It returns the database to the version before the present version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from sealwax.cli.options.request import verb
from sealwax.cli.streams.files import write_line
from sealwax.operation.databases import undo_latest_step
from sealwax.operation.program import ConfigRequest, ServiceProgram
from sealwax.operation.settings import Settings
from sealwax.service import Schema


def step_back_command(
    program: ServiceProgram[Settings], schema: Schema, database_of: Callable[[Settings], str | Path]
) -> click.Command:
    """Return the command for a service. `database_of` finds the path or URL of the database in the settings."""

    @verb(program.request_class(), "step-back")
    def step_back(request: ConfigRequest) -> None:
        """Undo the latest migration of the database, for a return to an older version of Sealwax.

        Stop the service first. With the newer version, repeat this command until it prints the revision that the older
        version knows. The command deletes all that the older version has no table for, so back up the database first.
        """
        write_line(undo_latest_step(schema, database_of(program.load(request.config))))

    return step_back
