"""The options of an operator's commands."""

from __future__ import annotations

import click


def json_option() -> click.Option:
    """The option for programs that read the output."""
    return click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object.")
