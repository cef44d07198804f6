"""The description of the parcels' API (OpenAPI 3.1), as JSON values. A test compares it with the routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from webbridge.delivery.abuse.complaints import ComplaintReason
from webbridge.delivery.kept.announcements import MAX_VERSION
from webbridge.delivery.kept.records import KeptStage
from webbridge.delivery.limits import (
    MAX_DAYS,
    MAX_ENCLOSED_BYTES,
    MAX_ENCLOSED_OBJECTS,
    MAX_OBJECT_BYTES,
    MAX_OPENINGS,
    MAX_RECIPIENTS,
    MAX_TOKEN_DAYS,
    MAX_WHOLE_BYTES,
)
from webbridge.delivery.pepper import CODE_DIGITS
from webbridge.delivery.states import SaidBy, Stage, State
from webbridge.delivery.submission import Kind

Json = dict[str, Any]

_SENDER: Final = ("sender", "session")
_SESSION: Final = ("session",)
_TICKET: Final = ("ticket",)
_ID: Final[Json] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]{21}[AQgw]$",
    "description": "16 random bytes as base64url, chosen by the sender",
}
_BASE64: Final[Json] = {"type": "string", "contentEncoding": "base64"}
_BASE64URL: Final[Json] = {"type": "string", "pattern": "^[A-Za-z0-9_-]*$"}
_TIME: Final[Json] = {"type": "string", "format": "date-time"}
_SIZE: Final[Json] = {"type": "integer", "minimum": 1, "maximum": MAX_OBJECT_BYTES}
_TEXT: Final[Json] = {"type": "string"}
_ANSWER_KEY: Final[Json] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]{22,64}$",
    "description": "A random name for the answer. The same answer may be sent again under it",
}
_CODE: Final[Json] = {"type": "string", "pattern": f"^[0-9]{{{CODE_DIGITS}}}$"}
_NAMES: Final[Json] = {"type": "string", "pattern": "^(manifest|0|[1-9][0-9]*)$"}
_NUMBERS: Final[Json] = {"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}


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
        "paths": {
            **_sender_paths(),
            **_upload_paths("parcels", _SENDER, _NAMES),
            **_token_paths(),
            **_recipient_paths(),
            **_kept_paths(),
            **_upload_paths("files", _SESSION, _NUMBERS),
            **_own_path(),
        },
        "components": {"schemas": _schemas(), "securitySchemes": _security(), "responses": _responses()},
    }


def _sender_paths() -> Json:
    shown = _answer(200, "The parcel", _ref("Parcel"))
    one = [_path("id", _ID)]
    created = _ref("Created")
    return {
        "/api/parcels": {
            "post": _operation(
                "Announce a parcel. The body is one line of JSON; with `whole`, all objects follow it in order, and"
                " then the manifest. The same request again gets the same answer. `Accept-Language` says the language"
                " of the service's mails to the sender.",
                _SENDER,
                {**_answer(201, "A new parcel", created), **_answer(200, "The same request has made it", created)},
                errors=(400, 401, 403, 409, 413, 422, 429, 507),
                parameters=[{"name": "Accept-Language", "in": "header", "required": False, "schema": _TEXT}],
                body={"application/json": {"schema": _ref("Submission")}},
            ),
            "get": _operation(
                "List a page of the sender's parcels, newest first.",
                _SENDER,
                _answer(200, "A page", _ref("Page")),
                errors=(401, 404),
                parameters=[{"name": "before", "in": "query", "required": False, "schema": _ID}],
            ),
        },
        "/api/parcels/{id}": {
            "get": _operation("Show a parcel, with its states and receipts.", _SENDER, shown, (401, 404), one)
        },
        "/api/parcels/{id}/submit": {
            "post": _operation(
                "Let the recipients be told, when all objects have come.",
                _SENDER,
                _answer(200, "Submitted", created),
                (401, 404, 409, 410),
                one,
            )
        },
        "/api/parcels/{id}/withdraw": {
            "post": _operation("Let nobody open the parcel any more.", _SENDER, shown, (401, 404, 410), one)
        },
        "/api/parcels/{id}/extend": {
            "post": _changing("Let the parcel end so many days from now.", "days", _number(1, MAX_DAYS))
        },
        "/api/parcels/{id}/tries": {
            "post": _operation("Give five tries more at the secret.", _SENDER, shown, (401, 404, 410), one)
        },
        "/api/parcels/{id}/downloads": {
            "post": _changing(
                "Allow so many openings in all.", "limit", _number(0, MAX_OPENINGS) | {"type": ["integer", "null"]}
            )
        },
    }


def _upload_paths(kind: str, security: Sequence[str], names: Json) -> Json:
    one = [_path("id", _ID)]
    named = [*one, _path("name", names)]
    tus = {"name": "Tus-Resumable", "in": "header", "required": True, "schema": {"const": "1.0.0"}}
    octets: Json = {"application/offset+octet-stream": {}}
    offset = {"Upload-Offset": {"schema": {"type": "integer"}}}
    return {
        f"/api/{kind}/{{id}}/objects": {
            "post": _operation(
                "Begin the upload of an object (tus 1.0, creation and creation-with-upload).",
                security,
                {"201": {"description": "Begun", "headers": {"Location": {"schema": _TEXT}, **offset}}},
                (400, 401, 404, 409, 412, 413, 423, 507),
                [
                    *one,
                    tus,
                    {"name": "Upload-Length", "in": "header", "required": True, "schema": _SIZE},
                    {"name": "Upload-Metadata", "in": "header", "required": True, "schema": _TEXT},
                ],
                octets,
            )
        },
        f"/api/{kind}/{{id}}/objects/{{name}}": {
            "head": _operation(
                "Say how many bytes of the object have come.",
                security,
                {"200": {"description": "The offset", "headers": {**offset, "Upload-Length": {"schema": _SIZE}}}},
                (401, 404, 412),
                [*named, tus],
            ),
            "patch": _operation(
                "Add bytes at the offset. They are durable before the answer.",
                security,
                {"204": {"description": "Added", "headers": offset}},
                (400, 401, 404, 409, 412, 413, 415, 423, 507),
                [*named, tus, {"name": "Upload-Offset", "in": "header", "required": True, "schema": _number(0, None)}],
                octets,
            ),
            "delete": _operation(
                "End the upload, and delete its bytes.",
                security,
                {"204": {"description": "Ended"}},
                (401, 404, 409, 412, 423),
                [*named, tus],
            ),
        },
    }


def _kept_paths() -> Json:
    one = [_path("id", _ID)]
    octets: Json = {"application/octet-stream": {}}
    file, index = _ref("KeptFile"), _ref("KeptIndex")
    fetching = [*one, _path("name", _NAMES), {"name": "Range", "in": "header", "required": False, "schema": _TEXT}]
    fetched = {
        "200": {
            "description": "The object, or the address at which the store has it",
            "content": {**octets, **_json(_object(url=_TEXT))},
        },
        "206": {"description": "A range of it", "content": octets},
        "416": {"description": "No byte of it is in the range"},
    }
    return {
        "/api/files": {
            "post": _operation(
                "Announce a file that a person keeps for themselves. The body is one line of JSON; with `whole`, all"
                " objects follow it in order, and then the manifest. The same request again gets the same answer.",
                _SESSION,
                {**_answer(201, "A new file", file), **_answer(200, "The same request has made it", file)},
                errors=(400, 401, 409, 413, 429, 507),
                body={"application/json": {"schema": _ref("NewFile")}},
            )
        },
        "/api/files/{id}": {
            "delete": _operation(
                "Delete a file that no index names yet.", _SESSION, {"204": {"description": "Deleted"}}, (401, 404), one
            )
        },
        "/api/files/{id}/finish": {
            "post": _operation(
                "Store the manifest, when all chunks have come.",
                _SESSION,
                _answer(200, "Complete", file),
                (400, 401, 404, 409, 413, 429),
                one,
                octets,
            )
        },
        "/api/files/{id}/bytes/{name}": {
            "get": _operation("Return an object, or a range of it.", _SESSION, fetched, (401, 404), fetching)
        },
        "/api/files/index": {
            "get": _operation(
                "Return the index: one line of JSON, and then its chunks in order and its manifest.",
                _SESSION,
                {"200": {"description": "The index, of version 0 before the first one", "content": octets}},
                (401,),
            ),
            "put": _operation(
                "Store a version of the index upon the one before it. The body is one line of JSON, and then its"
                " chunks in order and its manifest. The files that it keeps and deletes change with it.",
                _SESSION,
                _answer(200, "Stored", index),
                (400, 401, 404, 409, 413, 429, 507),
                body={"application/json": {"schema": _ref("NewIndex")}},
            ),
        },
    }


def _token_paths() -> Json:
    listed = _object(name=_TEXT, created=_TIME, expires=_TIME)
    return {
        "/api/parcel-tokens": {
            "get": _operation(
                "List the tokens of the account.",
                _SESSION,
                _answer(200, "The tokens", _object(tokens={"type": "array", "items": listed})),
                (401,),
            ),
            "post": _operation(
                "Make a token. Its value is in no later answer.",
                _SESSION,
                _answer(201, "The token", _object(token=_TEXT, name=_TEXT, address=_TEXT)),
                (400, 401, 409),
                body=_json(_object(name=_TEXT, days=_number(1, MAX_TOKEN_DAYS))),
            ),
        },
        "/api/parcel-tokens/{name}": {
            "delete": _operation(
                "Revoke a token.", _SESSION, {"204": {"description": "Revoked"}}, (401,), [_path("name", _TEXT)]
            )
        },
    }


def _recipient_paths() -> Json:
    return _opening_paths() | _paths_back() | _key_paths()


def _opening_paths() -> Json:
    challenge = _object(challenge=_BASE64, token=_TEXT)
    encoded = {"type": "array", "items": _BASE64}
    problem = _object(code=_TEXT, message=_TEXT)
    evidence = _object(crls=encoded, ocsp=encoded, problems={"type": "array", "items": problem})
    object_answers: Json = {
        "200": {"description": "The object", "content": {"application/octet-stream": {}}},
        "206": {"description": "A range of it", "content": {"application/octet-stream": {}}},
        "307": {"description": "The address at which the store has it"},
        "416": {"description": "No byte of it is in the range"},
    }
    fetching = _operation(
        "Return an object, or a range of it.",
        _TICKET,
        object_answers,
        (401, 404, 410),
        [_path("name", _TEXT), {"name": "Range", "in": "header", "required": False, "schema": _TEXT}],
    )
    return {
        "/api/open/start": {
            "post": _operation(
                "Return the salt and rounds of PBKDF2; made-up ones for an unknown id.",
                (),
                _answer(200, "The parameters", _object(salt=_BASE64URL, iterations={"type": "integer"})),
                (400,),
                body=_json(_object(id=_ID)),
            )
        },
        "/api/open/challenge": {
            "post": _operation(
                "Return a nonce of 32 bytes, encrypted for the certificate: AuthEnvelopedData whose content type is"
                " that of a challenge, and of nothing else.",
                (),
                _answer(200, "The challenge", challenge),
                (400, 429),
                body=_json(_object(id=_ID, certificate=_BASE64)),
            )
        },
        "/api/open": {
            "post": _operation(
                "Prove the secret, or the nonce of a challenge, and get a ticket.",
                (),
                _answer(200, "Opened", _ref("Opened")),
                (400, 403, 410, 429),
                body=_json(
                    {
                        "oneOf": [
                            _object(id=_ID, proof=_BASE64URL),
                            _object(id=_ID, nonce=_BASE64URL, token=_TEXT),
                        ]
                    }
                ),
            )
        },
        "/api/open/objects/{name}": {"get": fetching, "head": fetching},
        "/api/open/status": {
            "post": _operation(
                "Look up the revocation of certificates, for the verdict on the sender.",
                _TICKET,
                _answer(200, "The evidence for each path", _object(answers={"type": "array", "items": evidence})),
                (400, 401, 410, 429),
                body=_json(_object(paths={"type": "array", "items": {"type": "array", "items": _BASE64}})),
            )
        },
    }


def _paths_back() -> Json:
    claim = _object(state={"enum": ["received", "opened", "failed"]}) | {"additionalProperties": {"type": "string"}}
    done = {"204": {"description": "Noted"}}
    return {
        "/api/open/claims": {
            "post": _operation("Say what became of the parcel.", _TICKET, done, (400, 401, 410), body=_json(claim))
        },
        "/api/open/answer": {
            "post": _operation(
                "Pass an answer on to the sender by mail: a message that is encrypted for the sender's certificate.",
                _TICKET,
                _answer(200, "Stored", _object(reference=_TEXT, left={"type": "integer"})),
                (400, 401, 404, 409, 410, 413, 415, 422, 429),
                [{"name": "Idempotency-Key", "in": "header", "required": True, "schema": _ANSWER_KEY}],
                body={"application/pkcs7-mime": {"schema": {"type": "string", "format": "binary"}}},
            )
        },
        "/api/open/complaints": {
            "post": _operation(
                "Complain about a parcel. The answer is the same for an unknown id.",
                (),
                done,
                (400, 429),
                body=_json(_object(id=_ID, reason={"enum": list(ComplaintReason)})),
            )
        },
        "/api/open/receipt": {
            "post": _operation(
                "Give a signed receipt (RFC 2634) whose signedContentIdentifier is the parcel's id.",
                _TICKET,
                done,
                (400, 401, 410, 422),
                body=_json(_object(receipt=_BASE64)),
            )
        },
    }


def _key_paths() -> Json:
    address: Json = {"type": "string", "description": "An address of the parcel's recipients"}
    asked = _answer(200, "The same for every address", _object(seconds={"type": "integer"}))
    chain = _object(certificates={"type": "array", "items": _BASE64, "description": "That of the key first"})
    return {
        "/api/open/key": {
            "post": _operation(
                "Send a code to the address, for a certification request (PKCS#10) that names it and nothing else.",
                _TICKET,
                asked,
                (400, 401, 404, 410, 422, 429),
                body=_json(_object(address=address, request=_BASE64)),
            )
        },
        "/api/open/key/confirm": {
            "post": _operation(
                "Get the certificate for the request with this SHA-256, by the code from the mail.",
                _TICKET,
                _answer(200, "The certificate, and those of the CAs above it", chain),
                (400, 401, 403, 404, 410, 422, 429, 503),
                body=_json(_object(address=address, digest=_BASE64URL, code=_CODE)),
            )
        },
    }


def _own_path() -> Json:
    answer = _answer(200, "This description", {"type": "object"})
    return {"/api/openapi.json": {"get": _operation("Return this description.", (), answer, ())}}


def _schemas() -> Json:
    recipient = _object(address=_TEXT, language=_TEXT)
    event = _object(state={"enum": list(State)}, at=_TIME, by={"enum": list(SaidBy)})
    event["properties"] |= {"recipient": _TEXT, "code": _TEXT}
    states = {"enum": [Stage.UPLOADING, *State]}
    created = {"id": _ID, "reference": _TEXT, "expires": _TIME, "state": states}
    submission = _object(
        id=_ID,
        to={"type": "array", "items": recipient, "minItems": 1, "maxItems": MAX_RECIPIENTS},
        salt=_BASE64URL,
        proof=_BASE64URL,
        kind={"enum": list(Kind)},
        objects={"type": "array", "items": _SIZE},
        manifest=_SIZE,
        days=_number(1, MAX_DAYS),
    )
    submission["properties"] |= {
        "certificates": {"type": "array", "items": _BASE64},
        "downloads": _number(1, MAX_OPENINGS) | {"type": ["integer", "null"]},
        "whole": {"type": "boolean", "description": f"All bytes follow in this request, at most {MAX_WHOLE_BYTES}"},
    }
    parcel = _object(
        **created,
        kind={"enum": list(Kind)},
        to={"type": "array", "items": recipient},
        bytes={"type": "integer"},
        created=_TIME,
        submitted=_TIME | {"type": ["string", "null"]},
        downloads={"type": ["integer", "null"]},
        opened={"type": "integer"},
        triesLeft={"type": "integer"},
        stored={"type": "boolean"},
        states={"type": "array", "items": event},
    )
    error = _object(code=_TEXT, message=_TEXT)
    # Only a wrong proof has it.
    error["properties"] |= {"triesLeft": {"type": "integer"}}
    parcel["properties"] |= {"receipts": {"type": "array", "items": _BASE64}}
    return {
        "Error": error,
        "Submission": submission,
        "Created": _object(**created),
        "Parcel": parcel,
        "Page": _object(
            address=_TEXT,
            parcels={"type": "array", "items": _ref("Parcel")},
            next=_ID | {"type": ["string", "null"]},
            used={"type": "integer"},
            quota={"type": "integer"},
        ),
        **_kept_schemas(),
        "Opened": _object(
            ticket=_TEXT,
            seconds={"type": "integer"},
            reference=_TEXT,
            **{"from": _TEXT},
            kind={"enum": list(Kind)},
            objects={"type": "array", "items": _SIZE},
            manifest=_SIZE,
            submitted=_TIME,
            until=_TIME,
            downloadsLeft={"type": ["integer", "null"]},
            answer={
                "description": "The terms of an answer: the From of its mail, its largest size and how many may"
                " still come; null if the service passes none on",
                "oneOf": [
                    _object(**{"from": _TEXT}, bytes={"type": "integer"}, left={"type": "integer"}),
                    {"type": "null"},
                ],
            },
            key={
                "description": "The seconds that a code for a key of one's own counts; null if none is offered",
                "oneOf": [_object(seconds={"type": "integer"}), {"type": "null"}],
            },
            enclosed={
                "description": f"All objects by their names as base64, if there are at most {MAX_ENCLOSED_OBJECTS}"
                f" and they have at most {MAX_ENCLOSED_BYTES} bytes together; else none, and each is fetched",
                "type": "object",
                "additionalProperties": _BASE64,
            },
        ),
    }


def _kept_schemas() -> Json:
    sizes: Json = {"objects": {"type": "array", "items": _SIZE}, "manifest": _SIZE}
    ids: Json = {"type": "array", "items": _ID}
    new_file = _object(id=_ID, **sizes)
    new_file["properties"] |= {
        "whole": {"type": "boolean", "description": f"All bytes follow in this request, at most {MAX_WHOLE_BYTES}"}
    }
    new_index = _object(version=_number(1, MAX_VERSION), **sizes)
    new_index["properties"] |= {"kept": ids, "deleted": ids}
    room: Json = {"used": {"type": "integer"}, "quota": {"type": "integer"}}
    return {
        "NewFile": new_file,
        "KeptFile": _object(id=_ID, **sizes, state={"enum": list(KeptStage)}),
        "NewIndex": new_index,
        "KeptIndex": _object(
            version=_number(0, MAX_VERSION), objects=sizes["objects"], manifest=_number(0, None), **room
        ),
    }


def _security() -> Json:
    return {
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
    403: "The secret is wrong, or there is no such parcel",
    404: "There is no such thing",
    409: "The id belongs to another parcel, or the parcel is in another state",
    410: "Expired, withdrawn or used up",
    412: "Another version of tus",
    413: "Too many bytes",
    415: "Another content type is expected",
    422: "The content is refused",
    423: "Another request adds to the object",
    429: "Too many tries",
    503: "The service is not there at the moment",
    507: "No room",
}


def _responses() -> Json:
    content = _json(_ref("Error"))
    return {f"Error{status}": {"description": text, "content": content} for status, text in _ERRORS.items()}


def _operation(
    summary: str,
    security: Sequence[str],
    answers: Mapping[str, Any],
    errors: Sequence[int],
    parameters: Sequence[Json] = (),
    body: Json | None = None,
) -> Json:
    operation: Json = {
        "summary": summary,
        "security": [{name: []} for name in security],
        "responses": {**answers, **{str(one): {"$ref": f"#/components/responses/Error{one}"} for one in errors}},
    }
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        operation["requestBody"] = {"content": body}
    return operation


def _changing(summary: str, member: str, schema: Json) -> Json:
    shown = _answer(200, "The parcel", _ref("Parcel"))
    body = _json(_object(**{member: schema}))
    return _operation(summary, _SENDER, shown, (400, 401, 404, 410), [_path("id", _ID)], body)


def _answer(status: int, text: str, schema: Json) -> Json:
    return {str(status): {"description": text, "content": _json(schema)}}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _path(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _number(least: int, most: int | None) -> Json:
    return {"type": "integer", "minimum": least, **({} if most is None else {"maximum": most})}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
