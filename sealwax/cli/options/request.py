"""Requests: the parameters of a verb, read from the command line into one immutable object.

Each field of a request names the parameter that gives its value, or is a group of parameters that several verbs share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, field, fields
from typing import Any, Final, TypeVar

import click

from sealwax.cli.options.named_files import check_inputs, check_outputs

Request = TypeVar("Request")
Choice = TypeVar("Choice")

_PARAMETERS: Final = "parameters"
_GROUP: Final = "group"


def given_by(*parameters: click.Parameter) -> Any:
    """A field with the value of a parameter. Several parameters with the same click name set the same value."""
    return field(metadata={_PARAMETERS: parameters})


def group_of(kind: type[Choice]) -> Choice:
    """A field that is itself a request: a group of parameters."""
    group: Choice = field(metadata={_GROUP: kind})
    return group


def verb(
    kind: type[Request], name: str | None = None, *, group: click.Group | None = None
) -> Callable[[Callable[[Request], object]], click.Command]:
    """A decorator that makes a command from a function with one argument, the request.

    The function's docstring becomes the help.
    """

    def make_command(function: Callable[[Request], object]) -> click.Command:
        def run(**values: object) -> object:
            request = read_request(kind, values)
            check_inputs(parameters_of(kind), values)
            check_outputs(parameters_of(kind), values)
            return function(request)

        command = click.Command(
            name or function.__name__, callback=run, params=list(parameters_of(kind)), help=function.__doc__
        )
        if group is not None:
            group.add_command(command)
        return command

    return make_command


def parameters_of(kind: type) -> Iterator[click.Parameter]:
    """The parameters of a request in the order of its fields, which is the order in the help."""
    for member in fields(kind):
        if _GROUP in member.metadata:
            yield from parameters_of(member.metadata[_GROUP])
        else:
            yield from member.metadata[_PARAMETERS]


def read_request(kind: type[Request], values: Mapping[str, object]) -> Request:
    """The request from click's values. Raises the errors of the request's own checks."""
    return kind(**{member.name: _read_field(member, values) for member in fields(kind)})  # type: ignore[arg-type]


def _read_field(member: Field[Any], values: Mapping[str, object]) -> object:
    if _GROUP in member.metadata:
        return read_request(member.metadata[_GROUP], values)
    return values[member.metadata[_PARAMETERS][0].name]
