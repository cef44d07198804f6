"""The options of an operator's commands."""

from __future__ import annotations

from pathlib import Path

import click


def config_option(default: Path) -> click.Option:
    """The option that names the configuration."""
    return click.Option(
        ["--config", "-c"],
        type=click.Path(dir_okay=False, path_type=Path),
        default=default,
        show_default=True,
        metavar="FILE",
        help="The configuration, in TOML.",
    )


def json_option() -> click.Option:
    """The option for programs that read the output."""
    return click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object.")
