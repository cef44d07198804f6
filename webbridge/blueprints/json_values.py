"""Read and write values of JSON in the views."""

from __future__ import annotations

from base64 import b64encode

from flask import request
from werkzeug.exceptions import BadRequest


def read_members(*, max_bytes: int) -> dict[str, object]:
    """Return the members of the object in the request's body. Raises BadRequest or RequestEntityTooLarge."""
    request.max_content_length = max_bytes
    try:
        members = request.get_json()
    except RecursionError:
        # JSON that is nested deeper than Python can parse is an error of the client, not of the server.
        raise BadRequest from None
    if not isinstance(members, dict):
        raise BadRequest
    return members


def text_in(members: dict[str, object], name: str) -> str:
    """Return a member that has to be a text. Raises BadRequest."""
    text = members.get(name)
    if not isinstance(text, str):
        raise BadRequest
    return text


def base64_text(data: bytes) -> str:
    """Return bytes as base64 for JSON."""
    return b64encode(data).decode("ascii")
