"""The description of the parcels' API (OpenAPI 3.1) as JSON values. A test compares the description with the routes."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Final

from sealwax.delivery.answer_codes import PARCEL_CODES
from webbridge.delivery.members import Json
from webbridge.delivery.openapi.kept_paths import kept_paths
from webbridge.delivery.openapi.parts import (
    NAMES,
    NUMBERS,
    SENDER,
    SESSION,
    answer_with,
    json_body,
    operation,
    ref,
)
from webbridge.delivery.openapi.recipient_paths import recipient_paths
from webbridge.delivery.openapi.schemas import schemas
from webbridge.delivery.openapi.sender_paths import sender_paths, token_paths
from webbridge.delivery.openapi.upload_paths import upload_paths


def describe_api(server: str) -> Json:
    """Return the description for the API at a server: its origin and prefix."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sealwax parcels",
            "version": version("sealwax"),
            "description": "Takes and hands out ciphertext only. A client encrypts before it sends: the command"
            " `sealwax deliver` does so, and the package `sealwax.delivery` in programs.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "paths": {path: _with_errors(path, methods) for path, methods in _paths().items()},
        "components": {"schemas": schemas(), "securitySchemes": _SECURITY},
    }


def _paths() -> dict[str, Json]:
    return {
        **sender_paths(),
        **upload_paths("parcels", SENDER, NAMES),
        **token_paths(),
        **recipient_paths(),
        **kept_paths(),
        **upload_paths("files", SESSION, NUMBERS),
        "/api/openapi.json": {
            "get": operation("Return this description.", (), answer_with(200, "This description", {"type": "object"}))
        },
    }


def _with_errors(path: str, methods: Json) -> Json:
    """Return the methods of a path, each with the errors that the table of errors has for it."""
    for method, described in methods.items():
        described["responses"] |= _errors(PARCEL_CODES.errors(method.upper(), path))
    return methods


def _errors(errors: Iterable[str]) -> Json:
    codes: dict[str, list[str]] = {}
    for error in sorted(errors):
        status, _, code = error.partition(" ")
        codes.setdefault(status, []).append(code)
    content = json_body(ref("Error"))
    return {
        status: {"description": f"{_ERRORS[int(status)]}: {', '.join(names)}", "content": content}
        for status, names in codes.items()
    }


_SECURITY: Final = {
    "sender": {"type": "http", "scheme": "bearer", "description": "A token of /api/parcel-tokens"},
    "session": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Sealwax",
        "description": "The pages' session by its cookie, with the header X-Sealwax: 1",
    },
    "ticket": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Parcel` and the ticket of /api/open",
    },
}
_ERRORS: Final = {
    400: "The request is none",
    401: "No session, token or ticket counts",
    403: "This is not allowed, or the secret is wrong",
    404: "There is no such thing",
    405: "The address does not take this method",
    408: "The body came too slowly",
    409: "The id belongs to another parcel, or the parcel is in another state",
    410: "Expired, withdrawn or used up",
    412: "Another version of tus",
    413: "Too many bytes",
    415: "Another content type is expected",
    422: "The content is refused",
    423: "Another request adds to the object",
    429: "Too many tries",
    500: "The service failed",
    503: "The service is not there at the moment",
    507: "No room",
}
