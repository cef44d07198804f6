"""The names of version 0.1: each verb, option and argument is still understood, hidden or not."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from sealwax.cli.group import sealwax

NAMES: dict[str, list[str]] = json.loads(Path(__file__).with_name("names_of_0_1.json").read_text())


def find_command(path: str) -> click.Command:
    command: click.Command = sealwax
    context = click.Context(command, info_name="sealwax")
    for name in path.split()[1:]:
        assert isinstance(command, click.Group)
        subcommand = command.get_command(context, name)
        assert subcommand is not None, f"{path}: {name} is unknown"
        command, context = subcommand, click.Context(subcommand, info_name=name, parent=context)
    return command


def names_of(parameter: click.Parameter) -> list[str]:
    if isinstance(parameter, click.Argument):
        return [parameter.name or ""]
    return [*parameter.opts, *parameter.secondary_opts]


@pytest.mark.parametrize("path", NAMES)
def test_each_name_of_the_first_version_is_understood(path: str) -> None:
    known = {name for parameter in find_command(path).params for name in names_of(parameter)}
    assert set(NAMES[path]) <= known
