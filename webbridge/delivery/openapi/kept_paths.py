"""The paths of the API for a person who keeps files for themselves."""

from __future__ import annotations

from webbridge.delivery.members import Json
from webbridge.delivery.openapi.parts import (
    ID,
    NAMES,
    OCTETS,
    SESSION,
    TEXT,
    answer_with,
    in_path,
    json_body,
    object_of,
    operation,
    ref,
)


def kept_paths() -> Json:
    """Return the paths for kept files and their index, except the uploads of their objects."""
    return _file_paths() | {
        "/api/files/{id}/bytes/{name}": {"get": _fetching()},
        "/api/files/index": {
            "get": operation(
                "Return the index: one line of JSON, and then its chunks in order and its manifest.",
                SESSION,
                {"200": {"description": "The index, of version 0 before the first one", "content": OCTETS}},
            ),
            "put": operation(
                "Store a version of the index upon the one before it. The body is one line of JSON, and then its"
                " chunks in order and its manifest. The files that it keeps and deletes change with it.",
                SESSION,
                answer_with(200, "Stored", ref("KeptIndex")),
                body={"application/json": {"schema": ref("NewIndex")}},
            ),
        },
    }


def _file_paths() -> Json:
    parameters = [in_path("id", ID)]
    file = ref("KeptFile")
    return {
        "/api/files": {
            "post": operation(
                "Announce a file that a person keeps for themselves. The body is one line of JSON; with `whole`, all"
                " objects follow it in order, and then the manifest. The same request again gets the same answer.",
                SESSION,
                {**answer_with(201, "A new file", file), **answer_with(200, "The same request has made it", file)},
                body={"application/json": {"schema": ref("NewFile")}},
            )
        },
        "/api/files/{id}": {
            "delete": operation(
                "Delete a file that no index names yet.", SESSION, {"204": {"description": "Deleted"}}, parameters
            )
        },
        "/api/files/{id}/finish": {
            "post": operation(
                "Store the manifest, when all chunks have come.",
                SESSION,
                answer_with(200, "Complete", file),
                parameters,
                OCTETS,
            )
        },
    }


def _fetching() -> Json:
    fetched = {
        "200": {
            "description": "The object, or the address at which the store has it",
            "content": {**OCTETS, **json_body(object_of(url=TEXT))},
        },
        "206": {"description": "A range of it", "content": OCTETS},
        "416": {"description": "No byte of it is in the range"},
    }
    parameters = [
        in_path("id", ID),
        in_path("name", NAMES),
        {"name": "Range", "in": "header", "required": False, "schema": TEXT},
    ]
    return operation("Return an object, or a range of it.", SESSION, fetched, parameters)
