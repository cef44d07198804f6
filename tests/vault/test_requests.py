"""The requests of the vault's verbs: the same fields as in the schema, read into frozen values."""

from __future__ import annotations

import dataclasses
import datetime

import pytest

from smime_core.errors import MalformedMessage
from tests.support.node_tests import check_in_node
from tests.support.vault.request_fields import request_fields
from tests.support.vault.verb_examples import examples
from wasm_build.vault.python.requests import parse_request
from wasm_build.vault.python.streams import STREAM_VERBS
from wasm_build.vault.python.verbs import OPERATIONS, VERBS
from wasm_build.vault.python.web_content import EncryptField

FIELD = {
    "text": b"text",
    "origin": "https://example.test",
    "sign": True,
    "identities": [b"sealed"],
    "sealKey": None,
    "recipients": [],
    "at": "2026-01-01T00:00:00.25Z",
}


def test_python_and_the_schema_know_the_same_verbs() -> None:
    check_in_node("schema", "python and the schema know the same verbs", list(request_fields()))


def test_a_request_has_the_fields_of_its_line_in_the_schema() -> None:
    check_in_node("schema", "a request has the fields of its line in the schema", request_fields())


def test_every_verb_has_an_example() -> None:
    assert examples().keys() == {*VERBS, *OPERATIONS, *STREAM_VERBS}


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
