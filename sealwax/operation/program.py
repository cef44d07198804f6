"""A service as its operator runs it: `sealwax NAME init`, `check` and `serve` with one configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import click

from sealwax.cli.options.request import given_by
from sealwax.operation.settings import Settings, load_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProgram(Generic[Settings]):
    """The name of a service's group of commands, the class of its settings, and the usual file of the settings."""

    name: str
    settings: type[Settings]
    default_file: Path

    def load(self, file: Path) -> Settings:
        """The settings of a configuration. Raises WrongSettings."""
        return load_settings(self.settings, file)

    def config_option(self) -> click.Option:
        """The option that names the configuration."""
        return click.Option(
            ["--config", "-c"],
            type=click.Path(dir_okay=False, path_type=Path),
            default=self.default_file,
            show_default=True,
            metavar="FILE",
            help="The configuration, in TOML.",
        )

    def request_class(self) -> type[ConfigRequest]:
        """The class of requests of a verb that needs only the configuration."""
        program = self

        @dataclass(frozen=True, slots=True, kw_only=True)
        class OwnConfigRequest(ConfigRequest):
            config: Path = given_by(program.config_option())

        return OwnConfigRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRequest:
    """The configuration for a verb."""

    config: Path
