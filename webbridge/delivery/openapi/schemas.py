"""The values that the API takes and returns."""

from __future__ import annotations

from typing import Final

from webbridge.delivery.kept.announcements import MAX_VERSION, NEW_FILE, NEW_INDEX
from webbridge.delivery.kept.records import KeptStage
from webbridge.delivery.limits import MAX_ENCLOSED_BYTES, MAX_ENCLOSED_OBJECTS
from webbridge.delivery.members import Json, number, object_schema
from webbridge.delivery.openapi.parts import (
    BASE64,
    ID,
    SIZE,
    TEXT,
    TIME,
    object_of,
    ref,
)
from webbridge.delivery.states import SaidBy, Stage, State
from webbridge.delivery.submission import Kind, submission_members

_COUNT: Final[Json] = {"type": "integer"}
_COUNT_OR_NULL: Final[Json] = {"type": ["integer", "null"]}
_DER: Final[Json] = {"type": "array", "items": BASE64}
_KIND: Final[Json] = {"enum": list(Kind)}
_SIZES: Final[Json] = {"objects": {"type": "array", "items": SIZE}, "manifest": SIZE}
_TO: Final[Json] = {"type": "array", "items": object_of(address=TEXT, language=TEXT)}


def schemas() -> Json:
    """Return the schemas by their names."""
    # Only the answer to a wrong proof has `triesLeft`, and only that to an incomplete submission has `missing`.
    missing: Json = {"type": "array", "items": TEXT}
    return {
        "Error": object_of({"triesLeft": _COUNT, "missing": missing}, code=TEXT, message=TEXT),
        **_sender_schemas(),
        "NewFile": object_schema(*NEW_FILE),
        "KeptFile": object_of(id=ID, **_SIZES, state={"enum": list(KeptStage)}),
        "NewIndex": object_schema(*NEW_INDEX),
        "KeptIndex": object_of(
            version=number("version", 0, MAX_VERSION).schema,
            objects=_SIZES["objects"],
            manifest={"type": "integer", "minimum": 0},
            used=_COUNT,
            quota=_COUNT,
        ),
        "Opened": _opened(),
    }


def _sender_schemas() -> Json:
    created: Json = {"id": ID, "reference": TEXT, "expires": TIME, "state": {"enum": [Stage.UPLOADING, *State]}}
    event = object_of(
        {"recipient": TEXT, "code": TEXT}, state={"enum": list(State)}, at=TIME, by={"enum": list(SaidBy)}
    )
    return {
        "Submission": object_schema(*submission_members()),
        "Created": object_of(**created),
        "Parcel": object_of(
            {"receipts": _DER},
            **created,
            kind=_KIND,
            to=_TO,
            bytes=_COUNT,
            created=TIME,
            submitted=TIME | {"type": ["string", "null"]},
            downloads=_COUNT_OR_NULL,
            opened=_COUNT,
            triesLeft=_COUNT,
            stored={"type": "boolean"},
            states={"type": "array", "items": event},
        ),
        "Page": object_of(
            address=TEXT,
            parcels={"type": "array", "items": ref("Parcel")},
            next=ID | {"type": ["string", "null"]},
            used=_COUNT,
            quota=_COUNT,
        ),
    }


def _opened() -> Json:
    terms = object_of(**{"from": TEXT}, bytes=_COUNT, left=_COUNT)
    return object_of(
        ticket=TEXT,
        seconds=_COUNT,
        reference=TEXT,
        **{"from": TEXT},
        kind=_KIND,
        **_SIZES,
        submitted=TIME,
        until=TIME,
        downloadsLeft=_COUNT_OR_NULL,
        answer={
            "description": "The terms of an answer: the From of its mail, its largest size and how many may still come;"
            " null if the service passes none on",
            "oneOf": [terms, {"type": "null"}],
        },
        key={
            "description": "The seconds that a code for a key of one's own counts; null if none is offered",
            "oneOf": [object_of(seconds=_COUNT), {"type": "null"}],
        },
        enclosed={
            "description": f"All objects by their names as base64, if there are at most {MAX_ENCLOSED_OBJECTS}"
            f" and they have at most {MAX_ENCLOSED_BYTES} bytes together; else none, and each is fetched",
            "type": "object",
            "additionalProperties": BASE64,
        },
    )
