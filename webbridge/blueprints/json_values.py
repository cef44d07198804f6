"""Read and write values of JSON in the views."""

from __future__ import annotations

from base64 import b64encode

from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from sealwax.service import parse_body


def read_members(*, max_bytes: int) -> dict[str, object]:
    """Return the members of the object in the request's body.

    Raises UnsupportedMediaType, RequestEntityTooLarge or ServiceError.
    """
    if not request.is_json:
        raise UnsupportedMediaType
    request.max_content_length = max_bytes
    return parse_body(request.get_data())


def text_in(members: dict[str, object], name: str) -> str:
    """Return a member that has to be a text. Raises BadRequest."""
    text = members.get(name)
    if not isinstance(text, str):
        raise BadRequest
    return text


def base64_text(data: bytes) -> str:
    """Return bytes as base64 for JSON."""
    return b64encode(data).decode("ascii")
