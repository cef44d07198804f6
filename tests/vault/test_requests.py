"""The requests of the vault's verbs: the same fields as in the schema, read into frozen values."""

from __future__ import annotations

import dataclasses
import datetime
import json
import shutil
import subprocess
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from smime_core.errors import MalformedMessage
from tests.support.project import ROOT
from wasm_build.vault.python.fields import EncryptField
from wasm_build.vault.python.requests import Json, Secret, parse_request
from wasm_build.vault.python.streams import STREAM_VERBS
from wasm_build.vault.python.verbs import VERBS

KINDS: dict[Any, str] = {
    bytes: "bytes",
    Secret: "secret",
    str: "text",
    datetime.datetime: "text",
    bool: "flag",
    int: "number",
    Json: "json",
}
FIELD = {
    "text": b"text",
    "origin": "https://example.test",
    "sign": True,
    "identities": [b"sealed"],
    "sealKey": None,
    "recipients": [],
    "at": "2026-01-01T00:00:00.25Z",
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    if shutil.which("node") is None:
        pytest.skip("not installed: node")
    script = """import { STREAM_VERBS, VERBS } from "./wasm_build/vault/schema.js";
        console.log(JSON.stringify({ ...VERBS, ...STREAM_VERBS }));"""
    command = ["node", "--no-warnings", "--input-type=module", "-e", script]
    table: dict[str, Any] = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    return table


def request_classes() -> dict[str, type]:
    own = {verb: known.request for verb, known in VERBS.items()}
    return own | {verb: known.request for verb, known in STREAM_VERBS.items()}


def members_of(kind: Any) -> dict[str, Any]:
    """The fields of a request class, in the form of the schema."""
    members: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        hint = get_type_hints(kind)[field.name]
        if field.metadata:
            members |= members_of(hint)
        else:
            first, *rest = field.name.strip("_").split("_")
            mark = "" if field.default is dataclasses.MISSING else "?"
            members[first + "".join(word.title() for word in rest) + mark] = kind_of(hint)
    return members


def kind_of(hint: Any) -> Any:
    if NoneType in get_args(hint):
        return kind_of(get_args(hint)[0])
    if get_origin(hint) is tuple:
        return [kind_of(get_args(hint)[0])]
    return members_of(hint) if dataclasses.is_dataclass(hint) else KINDS[hint]


def test_python_and_the_schema_know_the_same_verbs(schema: dict[str, Any]) -> None:
    assert set(request_classes()) == set(schema)


@pytest.mark.parametrize("verb", request_classes())
def test_a_request_has_the_fields_of_its_line_in_the_schema(verb: str, schema: dict[str, Any]) -> None:
    assert members_of(request_classes()[verb]) == schema[verb]


def test_a_request_is_read_whole_and_frozen() -> None:
    request = parse_request(EncryptField, FIELD)
    assert (request.text, request.keys.identities, request.keys.seal_key) == (b"text", (b"sealed",), None)
    assert request.at == datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.sign = False  # type: ignore[misc]


def test_a_request_shows_nothing_of_its_values() -> None:
    assert "text" not in repr(parse_request(EncryptField, FIELD))


@pytest.mark.parametrize("at", ["yesterday", "2026-01-01T00:00:00"])
def test_a_time_of_another_form_is_refused(at: str) -> None:
    with pytest.raises(MalformedMessage):
        parse_request(EncryptField, {**FIELD, "at": at})


def test_a_field_that_has_to_be_there_is_missed() -> None:
    with pytest.raises(TypeError, match="recipients"):
        parse_request(EncryptField, {name: value for name, value in FIELD.items() if name != "recipients"})
