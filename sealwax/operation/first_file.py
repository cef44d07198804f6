"""The first configuration file of a service: each setting with its meaning, and with its value if one is given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sealwax.operation.settings import default_of, section_of

Values = Mapping[tuple[str, ...], str | int | bool]


def first_file(kind: type[BaseModel], values: Values, *, elsewhere: Mapping[str, str]) -> str:
    """The text of a TOML file. `elsewhere` names the file of each secret that has a file of its own."""
    head = "# The settings of Sealwax. A line that begins with # is a comment, or shows a default.\n"
    return head + "".join(_lines(kind, values, elsewhere, ()))


def _lines(
    kind: type[BaseModel], values: Values, elsewhere: Mapping[str, str], above: tuple[str, ...]
) -> Iterator[str]:
    fields = kind.model_fields
    tables = {name: section for name, field in fields.items() if (section := section_of(field.annotation))}
    for name, field in fields.items():
        if name in elsewhere:
            yield f"\n# {field.description}\n# {name} is in {elsewhere[name]}\n"
        elif name not in tables:
            yield from _setting((*above, name), field, values)
    for name, section in tables.items():
        field, path = fields[name], (*above, name)
        has_default = not field.is_required() and field.get_default(call_default_factory=True) is not None
        if has_default or any(value_path[: len(path)] == path for value_path in values):
            yield f"\n# {field.description}\n[{'.'.join(path)}]\n"
            yield from _lines(section, values, elsewhere, path)
        else:
            yield f"\n# {field.description}\n# [{'.'.join(path)}]\n"


def _setting(path: tuple[str, ...], field: FieldInfo, values: Values) -> Iterator[str]:
    yield f"\n# {field.description}\n"
    if path in values:
        yield f"{path[-1]} = {toml_value(values[path])}\n"
    elif field.is_required():
        yield f"# {path[-1]} = must be given\n"
    else:
        yield f"# {path[-1]} = {default_of(field)}".rstrip(" =") + "\n"


def toml_value(value: Any) -> str:
    """A text, a number or a truth value as TOML writes it."""
    # TOML reads every string of JSON except one with DEL, which no setting accepts.
    return json.dumps(value, ensure_ascii=False)
