"""The tables of docs/contracts.md that repeat code: `python -m tools.contracts --page docs/contracts.md`.

The tables come from `smime_core.face`, the vault's schema and errors, the extension's table of messages, the schema of
the report, and the tables of the errors that services answer. Each table is between two marks in the page. The text
around the tables is written by hand.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import enum
import inspect
import json
import re
import subprocess
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from roaming_keys.protocol.messages.answer_codes import KEY_SERVER_CODES
from sealwax.delivery.answer_codes import PARCEL_CODES
from smime_core import face
from smime_core.text import AnswerCodes
from tests.support.project import ROOT
from tools.folded_tables import fold_tables
from webbridge.answer_codes import BRIDGE_CODES

_SCRIPT_TABLES: Final = """
const [schema, messages] = await Promise.all(process.argv.slice(1).map((path) => import(path)));
const { VERBS, STREAM_VERBS, REPLIES } = schema;
console.log(JSON.stringify({ verbs: { ...VERBS, ...STREAM_VERBS }, replies: REPLIES, messages: messages.MESSAGES }));
"""
_VAULT_ERROR: Final = re.compile(r'new VaultError\(\s*"([a-z-]+)"')


def script_tables() -> dict[str, Any]:
    """The tables `verbs`, `replies` and `messages`, which Node reads from their JavaScript modules."""
    modules = [(ROOT / path).as_uri() for path in ("wasm_build/vault/schema.js", "browser_ext/shared/messages.js")]
    command = ["node", "--input-type=module", "-e", _SCRIPT_TABLES, *modules]
    tables: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return tables


def face_table() -> str:
    """The names of `smime_core` with their arguments or members, and the first line of their docstrings."""
    rows = [(_spelled(name, getattr(face, name)), _first_line(getattr(face, name))) for name in face.__all__]
    return _table(("name", "meaning"), rows)


def verbs_table(tables: Mapping[str, Any]) -> str:
    """The verbs of the vault with the members of their arguments and replies."""
    rows = [
        (f"`{verb}`", _members(members), _members(tables["replies"][verb])) for verb, members in tables["verbs"].items()
    ]
    return _table(("verb", "arguments", "reply"), rows)


def shapes_table(tables: Mapping[str, Any]) -> str:
    """The objects inside the vault's arguments and replies, each under the name of its member."""
    shapes: dict[str, str] = {}
    for members in (*tables["verbs"].values(), *tables["replies"].values()):
        for name, shape in _shapes(members):
            # Two verbs use `file` and `attachments` for different objects; both shapes are shown.
            text = _members(shape)
            if text not in shapes.setdefault(name, text):
                shapes[name] += f"; or {text}"
    return _table(("member", "object"), [(f"`{name}`", text) for name, text in sorted(shapes.items())])


def messages_table(tables: Mapping[str, Any]) -> str:
    """The messages of the extension: the permitted senders and the body of each."""
    rows = [
        (f"`{name}`", ", ".join(message["from"]), _members(message["body"]))
        for name, message in tables["messages"].items()
    ]
    return _table(("message", "from", "body"), rows)


def report_table() -> str:
    """The objects of the report's JSON with their members; an optional member ends in a question mark."""
    schema = json.loads((ROOT / "smime_core/report/report.schema.json").read_text(encoding="utf-8"))
    required = {"required": schema["oneOf"][0]["required"]}
    objects = {"report": schema | required, **schema["$defs"]}
    rows = [(f"`{name}`", _json_type(part, is_open=True)) for name, part in objects.items()]
    return _table(("object", "content"), rows)


def vault_errors() -> str:
    """The codes of `VaultError` that the vault's scripts raise, without the codes of the core's errors."""
    scripts = (ROOT / "wasm_build").rglob("*.js")
    codes = {code for path in scripts for code in _VAULT_ERROR.findall(path.read_text(encoding="utf-8"))}
    return _spans(sorted(codes))


def errors_table(table: AnswerCodes) -> str:
    """The errors of each route of a service, after a sentence with the errors that all routes can answer."""
    rows = [(f"`{route}`", _spans(sorted(errors)) or "none of its own") for route, errors in table.routes.items()]
    every = f"Every route may answer {_spans(sorted(table.common))}."
    return f"{every}\n\n{_table(('route', 'its own errors'), rows)}"


def write_page(text: str) -> str:
    """The page with its tables written anew, and all long rows folded."""
    tables = script_tables()
    writers: dict[str, Callable[[], str]] = {
        "face": face_table,
        "verbs": lambda: verbs_table(tables),
        "shapes": lambda: shapes_table(tables),
        "errors of the vault": vault_errors,
        "report": report_table,
        "messages": lambda: messages_table(tables),
        "errors of the bridge": lambda: errors_table(BRIDGE_CODES),
        "errors of the parcels": lambda: errors_table(PARCEL_CODES),
        "errors of the key server": lambda: errors_table(KEY_SERVER_CODES),
    }
    for name, write in writers.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{write()}\n{end}{rest.split(end)[1]}"
    return fold_tables(text)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _spans(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _first_line(value: object) -> str:
    # A constant has the docstring of its type, which does not describe the constant.
    if not (inspect.isclass(value) or inspect.isfunction(value)):
        return f"A constant of type `{type(value).__name__}`."
    return (inspect.getdoc(value) or "").split("\n", 1)[0]


def _spelled(name: str, value: Any) -> str:
    if inspect.isfunction(value):
        return f"`{name}({_arguments(value)})` → `{value.__annotations__['return']}`"
    if inspect.isclass(value) and issubclass(value, enum.Enum):
        return f"`{name}`: {_spans([member.name for member in value])}"
    if inspect.isclass(value) and dataclasses.is_dataclass(value):
        fields = [f.name + ("" if _is_required(f) else "?") for f in dataclasses.fields(value)]
        return f"`{name}({', '.join(fields)})`"
    return f"`{name}`"


def _is_required(member: dataclasses.Field[Any]) -> bool:
    return member.default is dataclasses.MISSING and member.default_factory is dataclasses.MISSING


def _arguments(function: Callable[..., Any]) -> str:
    """The arguments as the source writes them, without their types."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef)
    arguments = definition.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    return ast.unparse(arguments)


def _members(members: Mapping[str, Any]) -> str:
    """`name: kind, …` of an object in a table of the scripts; inner objects are shown in the table of shapes."""
    return "`{" + ", ".join(f"{name}: {_kind(kind)}" for name, kind in members.items()) + "}`"


def _kind(kind: Any) -> str:
    if isinstance(kind, list):
        return f"[{_kind(kind[0])}]"
    return "{…}" if isinstance(kind, dict) else str(kind)


def _shapes(members: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, kind in members.items():
        inner = kind[0] if isinstance(kind, list) else kind
        if isinstance(inner, dict):
            yield name.removesuffix("?"), inner
            yield from _shapes(inner)


def _json_type(part: Mapping[str, Any], *, is_open: bool = False) -> str:
    """A JSON schema in one line, with the names of referenced objects. With `is_open`, the line is in backticks."""
    if is_open:
        return f"`{_json_object(part)}`" if "properties" in part else f"`{_json_type(part)}`"
    if "$ref" in part:
        return str(part["$ref"]).rpartition("/")[2]
    if "enum" in part or "const" in part:
        return "/".join(json.dumps(value) for value in part.get("enum", [part.get("const")]))
    if "anyOf" in part:
        return "/".join(_json_type(alternative) for alternative in part["anyOf"])
    if part.get("type") == "array":
        return f"[{_json_type(part['items'])}]" if "items" in part else "[…]"
    if "properties" in part:
        return _json_object(part)
    kinds = part.get("type", "any")
    return kinds if isinstance(kinds, str) else "/".join(kinds)


def _json_object(part: Mapping[str, Any]) -> str:
    required = part.get("required", ())
    members = (
        f"{name}{'' if name in required else '?'}: {_json_type(kind)}" for name, kind in part["properties"].items()
    )
    return "{" + ", ".join(members) + "}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.contracts")
    parser.add_argument("--page", type=Path, required=True)
    page: Path = parser.parse_args().page
    page.write_text(write_page(page.read_text(encoding="utf-8")), encoding="utf-8")
