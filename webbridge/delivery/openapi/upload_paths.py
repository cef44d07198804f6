"""The paths of the API for the upload of objects with tus 1.0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from webbridge.delivery.members import Json
from webbridge.delivery.openapi.parts import ID, SIZE, TEXT, in_path, operation


def _header(name: str, schema: Json) -> Json:
    return {"name": name, "in": "header", "required": True, "schema": schema}


_TUS: Final = _header("Tus-Resumable", {"const": "1.0.0"})
_OFFSET: Final[Json] = {"Upload-Offset": {"schema": {"type": "integer"}}}
_OCTETS: Final[Json] = {"application/offset+octet-stream": {}}


def upload_paths(kind: str, security: Sequence[str], names: Json) -> Json:
    """Return the paths for the objects of parcels or files (`kind`). `names` is the schema of an object's name."""
    objects = f"/api/{kind}/{{id}}/objects"
    named = [in_path("id", ID), in_path("name", names), _TUS]
    return {
        objects: {"post": _beginning(security)},
        f"{objects}/{{name}}": {
            "head": operation(
                "Say how many bytes of the object have come.",
                security,
                {"200": {"description": "The offset", "headers": {**_OFFSET, "Upload-Length": {"schema": SIZE}}}},
                named,
            ),
            "patch": operation(
                "Add bytes at the offset. They are durable before the answer.",
                security,
                {"204": {"description": "Added", "headers": _OFFSET}},
                [*named, _header("Upload-Offset", {"type": "integer", "minimum": 0})],
                _OCTETS,
            ),
            "delete": operation(
                "End the upload, and delete its bytes.",
                security,
                {"204": {"description": "Ended"}},
                named,
            ),
        },
    }


def _beginning(security: Sequence[str]) -> Json:
    return operation(
        "Begin the upload of an object (tus 1.0, creation and creation-with-upload).",
        security,
        {"201": {"description": "Begun", "headers": {"Location": {"schema": TEXT}, **_OFFSET}}},
        [in_path("id", ID), _TUS, _header("Upload-Length", SIZE), _header("Upload-Metadata", TEXT)],
        _OCTETS,
    )
