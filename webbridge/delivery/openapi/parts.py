"""The parts that several paths and schemas of the description share, and the functions that make such parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from webbridge.delivery.limits import MAX_OBJECT_BYTES
from webbridge.delivery.members import Json, Member, number, object_schema
from webbridge.delivery.submission import ID as ID_MEMBER

SENDER: Final = ("sender", "session")
SESSION: Final = ("session",)
TICKET: Final = ("ticket",)
ID: Final = ID_MEMBER.schema
BASE64: Final[Json] = {"type": "string", "contentEncoding": "base64"}
BASE64URL: Final[Json] = {"type": "string", "pattern": "^[A-Za-z0-9_-]*$"}
TIME: Final[Json] = {"type": "string", "format": "date-time"}
SIZE: Final = number("size", 1, MAX_OBJECT_BYTES).schema
TEXT: Final[Json] = {"type": "string"}
ANSWER_KEY: Final[Json] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]{22,64}$",
    "description": "A random name for the answer. The same answer may be sent again under it",
}
OCTETS: Final[Json] = {"application/octet-stream": {}}
NAMES: Final[Json] = {"type": "string", "pattern": "^(manifest|0|[1-9][0-9]*)$"}
NUMBERS: Final[Json] = {"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}


def operation(
    summary: str,
    security: Sequence[str],
    answers: Mapping[str, Any],
    parameters: Sequence[Json] = (),
    body: Json | None = None,
) -> Json:
    """Return the description of a request: who may send it, and its answers. `describe_api` adds its errors."""
    return {
        "summary": summary,
        "security": [{name: []} for name in security],
        "responses": dict(answers),
        **({"parameters": list(parameters)} if parameters else {}),
        **({} if body is None else {"requestBody": {"content": body}}),
    }


def answer_with(status: int, text: str, schema: Json) -> Json:
    """Return the answer of this status, with a value of this schema."""
    return {str(status): {"description": text, "content": json_body(schema)}}


def json_body(schema: Json) -> Json:
    """Return the content of a request or an answer that is JSON."""
    return {"application/json": {"schema": schema}}


def request_of(*members: Member[Any]) -> Json:
    """Return the content of a request that is an object with these members."""
    return json_body(object_schema(*members))


def in_path(name: str, schema: Json) -> Json:
    """Return a parameter of the path."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def object_of(optional: Json | None = None, /, **required: Json) -> Json:
    """Return the schema of an object with these members."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def ref(name: str) -> Json:
    """Return a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}
