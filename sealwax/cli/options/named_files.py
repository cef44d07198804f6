"""Check the files that the parameters of a verb name.

An output must not replace another output, or a file that an option names. Only one parameter may read standard input.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from sealwax.cli.streams.files import STANDARD_STREAM

DESCRIPTOR: Final = click.IntRange(0, 2**31 - 1)  # a C int


class OutputPath(click.Path):
    """The name of a file that the verb writes."""


class SharedKeyPath(click.Path):
    """The name of a file, perhaps after the name of a key: [NAME=]FILE."""

    @staticmethod
    def split(value: str) -> tuple[str, str]:
        """The name of the key, which may be empty, and the file."""
        name, separator, file = value.partition("=")
        return (name, file) if separator and name else ("", value)


def check_outputs(parameters: Iterable[click.Parameter], values: Mapping[str, Any]) -> None:
    """Raise UsageError if an output is also another output, or a file that an option names.

    An output may replace only the file of an argument, which is the input itself.
    """
    options = [parameter for parameter in parameters if isinstance(parameter, click.Option)]
    named = [(option, file) for option in options for file in _named_files(option, values)]
    for (first, file), (other, other_file) in itertools.combinations(named, 2):
        has_output = isinstance(first.type, OutputPath) or isinstance(other.type, OutputPath)
        if has_output and file == other_file and _can_be_replaced(file):
            where = "go to standard output" if file == STANDARD_STREAM else f"name {file}"
            raise click.UsageError(f"{first.opts[0]} and {other.opts[0]} both {where}")


def check_inputs(parameters: Iterable[click.Parameter], values: Mapping[str, Any]) -> None:
    """Raise UsageError if two parameters read standard input: the second one would get only the rest."""
    reading = [
        parameter.opts[0] if isinstance(parameter, click.Option) else "IN"
        for parameter in parameters
        for value in _values(parameter, values)
        if _is_standard_input(parameter.type, value)
    ]
    if len(reading) > 1:
        raise click.UsageError(f"{reading[0]} and {reading[1]} both read standard input")


def _values(parameter: click.Parameter, values: Mapping[str, Any]) -> Iterable[Any]:
    value = values[parameter.name or ""]
    if value is None:
        return ()
    return value if parameter.multiple or parameter.nargs == -1 else (value,)


def _is_standard_input(kind: click.ParamType[Any], value: Any) -> bool:
    if isinstance(kind, click.Tuple):
        return any(map(_is_standard_input, kind.types, value))
    if isinstance(kind, click.Path):
        return kind.allow_dash and not isinstance(kind, OutputPath) and value == STANDARD_STREAM
    return kind is DESCRIPTOR and value == 0


def _named_files(parameter: click.Parameter, values: Mapping[str, Any]) -> Iterator[str]:
    for value in _values(parameter, values):
        yield from _files_of(parameter.type, value)


def _files_of(kind: click.ParamType[Any], value: Any) -> Iterator[str]:
    """The real paths of the files that one parameter names, and "-" for standard output."""
    if isinstance(kind, click.Tuple):
        for part, element in zip(kind.types, value, strict=True):
            yield from _files_of(part, element)
    elif isinstance(kind, click.Path):
        name = SharedKeyPath.split(value)[1] if isinstance(kind, SharedKeyPath) else value
        if name != STANDARD_STREAM or not kind.allow_dash:
            yield os.path.realpath(name)
        elif isinstance(kind, OutputPath):
            yield STANDARD_STREAM


def _can_be_replaced(file: str) -> bool:
    # A device or a pipe is not replaced, so several outputs may write to it.
    return file == STANDARD_STREAM or Path(file).is_file() or not Path(file).exists()
