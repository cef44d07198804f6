"""The paths of the API for a sender: parcels, and tokens for programs."""

from __future__ import annotations

from typing import Any

from webbridge.delivery.limits import MAX_DAYS
from webbridge.delivery.members import Json, Member, number
from webbridge.delivery.openapi.parts import (
    ID,
    OCTETS,
    SENDER,
    SESSION,
    TEXT,
    TIME,
    answer_with,
    in_path,
    object_of,
    operation,
    ref,
    request_of,
)
from webbridge.delivery.submission import MOST_OPENINGS
from webbridge.delivery.tokens import DAYS, NAME


def sender_paths() -> Json:
    """Return the paths for parcels, except the uploads of their objects."""
    created = ref("Created")
    return {
        "/api/parcels": {
            "post": operation(
                "Announce a parcel. The body is one line of JSON; with `whole`, all objects follow it in order, and"
                " then the manifest. The same request again gets the same answer. `Accept-Language` says the language"
                " of the service's mails to the sender.",
                SENDER,
                answer_with(201, "A new parcel", created) | answer_with(200, "The same request has made it", created),
                parameters=[{"name": "Accept-Language", "in": "header", "required": False, "schema": TEXT}],
                body={"application/json": {"schema": ref("Submission")}},
            ),
            "get": operation(
                "List a page of the sender's parcels, newest first.",
                SENDER,
                answer_with(200, "A page", ref("Page")),
                parameters=[{"name": "before", "in": "query", "required": False, "schema": ID}],
            ),
        }
    } | _paths_of_a_parcel()


def _paths_of_a_parcel() -> Json:
    shown = answer_with(200, "The parcel", ref("Parcel"))
    parameters = [in_path("id", ID)]
    return {
        "/api/parcels/{id}": {
            "get": operation("Show a parcel, with its states and receipts.", SENDER, shown, parameters)
        },
        "/api/parcels/{id}/submit": {
            "post": operation(
                "Let the recipients be told, when all chunks have come. The body is the manifest, with at most the"
                " bytes that were announced; or empty, if the manifest was uploaded like the chunks.",
                SENDER,
                answer_with(200, "Submitted", ref("Created")),
                parameters,
                OCTETS,
            )
        },
        "/api/parcels/{id}/withdraw": {
            "post": operation("Let nobody open the parcel any more.", SENDER, shown, parameters)
        },
        "/api/parcels/{id}/extend": {
            "post": _changing("Let the parcel end so many days from now.", number("days", 1, MAX_DAYS))
        },
        "/api/parcels/{id}/tries": {
            "post": operation("Give five tries more at the secret.", SENDER, shown, parameters)
        },
        "/api/parcels/{id}/downloads": {"post": _changing("Allow so many openings in all.", MOST_OPENINGS)},
    }


def _changing(summary: str, member: Member[Any]) -> Json:
    shown = answer_with(200, "The parcel", ref("Parcel"))
    return operation(summary, SENDER, shown, [in_path("id", ID)], request_of(member))


def token_paths() -> Json:
    """Return the paths for the tokens of an account."""
    listed = object_of(name=TEXT, created=TIME, expires=TIME)
    return {
        "/api/parcel-tokens": {
            "get": operation(
                "List the tokens of the account.",
                SESSION,
                answer_with(200, "The tokens", object_of(tokens={"type": "array", "items": listed})),
            ),
            "post": operation(
                "Make a token. Its value is in no later answer.",
                SESSION,
                answer_with(201, "The token", object_of(token=TEXT, name=TEXT, address=TEXT)),
                body=request_of(NAME, DAYS),
            ),
        },
        "/api/parcel-tokens/{name}": {
            "delete": operation(
                "Revoke a token.", SESSION, {"204": {"description": "Revoked"}}, [in_path("name", TEXT)]
            )
        },
    }
