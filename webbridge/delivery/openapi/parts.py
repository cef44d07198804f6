"""The parts that several paths and schemas of the description share, and the functions that make such parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from webbridge.delivery.limits import MAX_OBJECT_BYTES
from webbridge.delivery.pepper import CODE_DIGITS

Json = dict[str, Any]

SENDER: Final = ("sender", "session")
SESSION: Final = ("session",)
TICKET: Final = ("ticket",)
ID: Final[Json] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]{21}[AQgw]$",
    "description": "16 random bytes as base64url, chosen by the sender",
}
BASE64: Final[Json] = {"type": "string", "contentEncoding": "base64"}
BASE64URL: Final[Json] = {"type": "string", "pattern": "^[A-Za-z0-9_-]*$"}
TIME: Final[Json] = {"type": "string", "format": "date-time"}
SIZE: Final[Json] = {"type": "integer", "minimum": 1, "maximum": MAX_OBJECT_BYTES}
TEXT: Final[Json] = {"type": "string"}
ANSWER_KEY: Final[Json] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]{22,64}$",
    "description": "A random name for the answer. The same answer may be sent again under it",
}
OCTETS: Final[Json] = {"application/octet-stream": {}}
CODE: Final[Json] = {"type": "string", "pattern": f"^[0-9]{{{CODE_DIGITS}}}$"}
NAMES: Final[Json] = {"type": "string", "pattern": "^(manifest|0|[1-9][0-9]*)$"}
NUMBERS: Final[Json] = {"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}


def operation(
    summary: str,
    security: Sequence[str],
    answers: Mapping[str, Any],
    errors: Sequence[int],
    parameters: Sequence[Json] = (),
    body: Json | None = None,
) -> Json:
    """Return the description of a request: who may send it, its answers, and the codes of its errors."""
    described: Json = {
        "summary": summary,
        "security": [{name: []} for name in security],
        "responses": {**answers, **{str(one): {"$ref": f"#/components/responses/Error{one}"} for one in errors}},
    }
    if parameters:
        described["parameters"] = list(parameters)
    if body is not None:
        described["requestBody"] = {"content": body}
    return described


def answer_with(status: int, text: str, schema: Json) -> Json:
    """Return the answer of this status, with a value of this schema."""
    return {str(status): {"description": text, "content": json_body(schema)}}


def json_body(schema: Json) -> Json:
    """Return the content of a request or an answer that is JSON."""
    return {"application/json": {"schema": schema}}


def in_path(name: str, schema: Json) -> Json:
    """Return a parameter of the path."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def object_of(optional: Json | None = None, /, **required: Json) -> Json:
    """Return the schema of an object with these members."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def number_between(least: int, most: int | None) -> Json:
    """Return the schema of a whole number within these bounds."""
    return {"type": "integer", "minimum": least, **({} if most is None else {"maximum": most})}


def ref(name: str) -> Json:
    """Return a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}
