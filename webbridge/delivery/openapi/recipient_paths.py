"""The paths of the API for a recipient: to open a parcel, to answer it, and to get a key."""

from __future__ import annotations

from webbridge.delivery.members import Json, object_schema
from webbridge.delivery.openapi.parts import (
    ANSWER_KEY,
    BASE64,
    BASE64URL,
    TEXT,
    TICKET,
    answer_with,
    in_path,
    json_body,
    object_of,
    operation,
    ref,
    request_of,
)
from webbridge.delivery.recipient_members import (
    ADDRESS,
    CERTIFICATE,
    CLAIM,
    CODE,
    DIGEST,
    FAILURE,
    KEY_REQUEST,
    NONCE,
    PROOF,
    REASON,
    RECEIPT,
    TOKEN,
)
from webbridge.delivery.submission import ID


def recipient_paths() -> Json:
    """Return the paths for which a recipient needs a parcel's link, proof or ticket."""
    return _opening_paths() | _paths_back() | _key_paths()


def _opening_paths() -> Json:
    challenge = object_of(challenge=BASE64, token=TEXT)
    by_secret, by_certificate = object_schema(ID, PROOF), object_schema(ID, NONCE, TOKEN)
    return {
        "/api/open/start": {
            "post": operation(
                "Return the salt and rounds of PBKDF2; made-up ones for an unknown id.",
                (),
                answer_with(200, "The parameters", object_of(salt=BASE64URL, iterations={"type": "integer"})),
                body=request_of(ID),
            )
        },
        "/api/open/challenge": {
            "post": operation(
                "Return a nonce of 32 bytes, encrypted for the certificate: AuthEnvelopedData whose content type is"
                " that of a challenge, and of nothing else.",
                (),
                answer_with(200, "The challenge", challenge),
                body=request_of(ID, CERTIFICATE),
            )
        },
        "/api/open": {
            "post": operation(
                "Prove the secret, or the nonce of a challenge, and get a ticket.",
                (),
                answer_with(200, "Opened", ref("Opened")),
                body=json_body({"oneOf": [by_secret, by_certificate]}),
            )
        },
        "/api/open/objects/{name}": {"get": _fetching(), "head": _fetching()},
        "/api/open/status": {"post": _revocation_status()},
    }


def _revocation_status() -> Json:
    encoded = {"type": "array", "items": BASE64}
    problem = object_of(code=TEXT, message=TEXT)
    evidence = object_of(crls=encoded, ocsp=encoded, problems={"type": "array", "items": problem})
    return operation(
        "Look up the revocation of certificates, for the verdict on the sender.",
        TICKET,
        answer_with(200, "The evidence for each path", object_of(answers={"type": "array", "items": evidence})),
        body=json_body(object_of(paths={"type": "array", "items": {"type": "array", "items": BASE64}})),
    )


def _fetching() -> Json:
    answers: Json = {
        "200": {"description": "The object", "content": {"application/octet-stream": {}}},
        "206": {"description": "A range of it", "content": {"application/octet-stream": {}}},
        "307": {"description": "The address at which the store has it"},
        "416": {"description": "No byte of it is in the range"},
    }
    return operation(
        "Return an object, or a range of it.",
        TICKET,
        answers,
        [in_path("name", TEXT), {"name": "Range", "in": "header", "required": False, "schema": TEXT}],
    )


def _paths_back() -> Json:
    done = {"204": {"description": "Noted"}}
    return {
        "/api/open/claims": {
            "post": operation(
                "Say what became of the parcel.",
                TICKET,
                done,
                body=request_of(CLAIM, FAILURE.optional("")),
            )
        },
        "/api/open/answer": {
            "post": operation(
                "Pass an answer on to the sender by mail: a message that is encrypted for the sender's certificate.",
                TICKET,
                answer_with(200, "Stored", object_of(reference=TEXT, left={"type": "integer"})),
                [{"name": "Idempotency-Key", "in": "header", "required": True, "schema": ANSWER_KEY}],
                body={"application/pkcs7-mime": {"schema": {"type": "string", "format": "binary"}}},
            )
        },
        "/api/open/complaints": {
            "post": operation(
                "Complain about a parcel. The answer is the same for an unknown id.",
                (),
                done,
                body=request_of(ID, REASON),
            )
        },
        "/api/open/receipt": {
            "post": operation(
                "Give a signed receipt (RFC 2634) whose signedContentIdentifier is the parcel's id.",
                TICKET,
                done,
                body=request_of(RECEIPT),
            )
        },
    }


def _key_paths() -> Json:
    answer = answer_with(200, "The same for every address", object_of(seconds={"type": "integer"}))
    chain = object_of(certificates={"type": "array", "items": BASE64, "description": "That of the key first"})
    return {
        "/api/open/key": {
            "post": operation(
                "Send a code to the address, for a certification request (PKCS#10) that names it and nothing else.",
                TICKET,
                answer,
                body=request_of(ADDRESS, KEY_REQUEST),
            )
        },
        "/api/open/key/confirm": {
            "post": operation(
                "Get the certificate for the request with this SHA-256, by the code from the mail.",
                TICKET,
                answer_with(200, "The certificate, and those of the CAs above it", chain),
                body=request_of(ADDRESS, DIGEST, CODE),
            )
        },
    }
