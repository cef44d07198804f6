"""The paths of the API for the upload of objects, by tus 1.0."""

from __future__ import annotations

from collections.abc import Sequence

from webbridge.delivery.openapi.parts import ID, SIZE, TEXT, Json, in_path, number_between, operation


def upload_paths(kind: str, security: Sequence[str], names: Json) -> Json:
    """Return the paths for the objects of parcels or files (`kind`). `names` is the schema of an object's name."""
    one = [in_path("id", ID)]
    named = [*one, in_path("name", names)]
    tus = {"name": "Tus-Resumable", "in": "header", "required": True, "schema": {"const": "1.0.0"}}
    octets: Json = {"application/offset+octet-stream": {}}
    offset = {"Upload-Offset": {"schema": {"type": "integer"}}}
    return {
        f"/api/{kind}/{{id}}/objects": {
            "post": operation(
                "Begin the upload of an object (tus 1.0, creation and creation-with-upload).",
                security,
                {"201": {"description": "Begun", "headers": {"Location": {"schema": TEXT}, **offset}}},
                (400, 401, 404, 409, 412, 413, 423, 507),
                [
                    *one,
                    tus,
                    {"name": "Upload-Length", "in": "header", "required": True, "schema": SIZE},
                    {"name": "Upload-Metadata", "in": "header", "required": True, "schema": TEXT},
                ],
                octets,
            )
        },
        f"/api/{kind}/{{id}}/objects/{{name}}": {
            "head": operation(
                "Say how many bytes of the object have come.",
                security,
                {"200": {"description": "The offset", "headers": {**offset, "Upload-Length": {"schema": SIZE}}}},
                (401, 404, 412),
                [*named, tus],
            ),
            "patch": operation(
                "Add bytes at the offset. They are durable before the answer.",
                security,
                {"204": {"description": "Added", "headers": offset}},
                (400, 401, 404, 409, 412, 413, 415, 423, 507),
                [
                    *named,
                    tus,
                    {"name": "Upload-Offset", "in": "header", "required": True, "schema": number_between(0, None)},
                ],
                octets,
            ),
            "delete": operation(
                "End the upload, and delete its bytes.",
                security,
                {"204": {"description": "Ended"}},
                (401, 404, 409, 412, 423),
                [*named, tus],
            ),
        },
    }
