"""`/api/open`: a recipient proves the secret or a certificate, fetches the objects, and reports the outcome.

Recipients have no account and no cookie. No GET changes anything or reveals whether a parcel exists, so programs that
follow links open nothing. The id is in no URL, because proxies log URLs.
"""

from __future__ import annotations

import re
from typing import Final

from flask import Blueprint, Response, jsonify, request

from sealwax.notices.writing import is_plain
from sealwax.service import ServiceError, client_network, error_response
from smime_core.text import write_base64url
from webbridge.blueprints.json_values import base64_text
from webbridge.blueprints.object_bytes import answer_object
from webbridge.blueprints.parcel_calls import delivery, now, read_request, require_ticket, time_text
from webbridge.blueprints.parcel_keys import key_terms
from webbridge.blueprints.pki import answer_about_paths
from webbridge.delivery.answers import AnswerTooLarge
from webbridge.delivery.limits import (
    ITERATIONS,
    MAX_ENCLOSED_BYTES,
    MAX_ENCLOSED_OBJECTS,
)
from webbridge.delivery.members import bad_request
from webbridge.delivery.notices.answer_mail import author_of
from webbridge.delivery.objects import announced_sizes, find_object
from webbridge.delivery.openings import Proof, WrongSecret
from webbridge.delivery.parcels import Parcel
from webbridge.delivery.recipient_members import CERTIFICATE, CLAIM, FAILURE, NONCE, PROOF, RECEIPT, TOKEN, Claim
from webbridge.delivery.states import Event, SaidBy, State
from webbridge.delivery.store import StoreFailed
from webbridge.delivery.submission import ID
from webbridge.records import recorded_opening
from webbridge.services import services

_CMS: Final = "application/pkcs7-mime"
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{22,64}")

blueprint = Blueprint("parcel_opening", __name__)


@blueprint.post("/open/start")
def start() -> Response:
    """Return the salt and the rounds for making the proof from the secret. For an unknown id, the salt is made up."""
    return jsonify(salt=write_base64url(delivery().openings.salt_of(ID.read(read_request()))), iterations=ITERATIONS)


@blueprint.post("/open/challenge")
def challenge() -> Response:
    """Return a nonce that only the owner of the certificate can decrypt. Known and unknown ids are treated alike."""
    members = read_request()
    made = delivery().challenges.make(ID.read(members), CERTIFICATE.read(members), client=_client())
    return jsonify(challenge=base64_text(made.cms), token=made.token)


@blueprint.post("/open")
def open_parcel() -> Response:
    """Return the ticket for the objects if the proof of the secret or of a certificate is right."""
    members = read_request()
    parcel_id = ID.read(members)
    proof = _proof_in(members, parcel_id)
    try:
        with recorded_opening():
            opened = delivery().openings.open(parcel_id, proof, client=_client())
    except WrongSecret as error:
        return error_response(error.status, error.code, error.message, further_members={"triesLeft": error.tries_left})
    parcel = opened.parcel
    return jsonify(
        **{"from": parcel.sender},
        ticket=delivery().pepper.seal_ticket(opened.ticket),
        seconds=max(0, opened.ticket.ends_at - int(now())),
        reference=parcel.reference,
        kind=parcel.kind,
        objects=list(parcel.objects),
        manifest=parcel.manifest_bytes,
        submitted=time_text(parcel.submitted_at),
        until=time_text(parcel.ends_at),
        downloadsLeft=parcel.openings_left,
        answer=_answer_terms(parcel),
        key=key_terms(opened),
        enclosed=_enclosed_objects(parcel),
    )


@blueprint.get("/open/objects/<name>")
def show_object(name: str) -> Response:
    """Return an object, or the range of it that the request names (RFC 9110 section 14)."""
    opened = require_ticket()
    stored_object = find_object(opened.parcel, name)
    if stored_object is None:
        raise ServiceError(404, "not-found", "The parcel has no such object.")
    elsewhere = (
        None if stored_object.is_part else delivery().store.find_elsewhere(stored_object.folder, stored_object.name)
    )
    if elsewhere is not None and elsewhere.url and request.method != "HEAD":
        return Response(status=307, headers={"Location": elsewhere.url})
    return answer_object(stored_object, elsewhere)


@blueprint.post("/open/status")
def find_status() -> Response:
    """Return the evidence about revocation for the verdict on the sender, as `/api/pki/status` does with a session."""
    services().lookups.start_parcel(require_ticket().parcel.id)
    return answer_about_paths()


@blueprint.post("/open/claims")
def claim() -> Response:
    """Record the claim of the recipient's client: received, opened, or failed with a code. The claim proves nothing."""
    # The body of the request is read before the ticket, because the parcel may end while the body comes.
    members, opened = read_request(), require_ticket()
    claim = CLAIM.read(members)
    code = FAILURE.read(members) if claim is Claim.FAILED else ""
    event = Event(state=State(claim), said_by=SaidBy.RECIPIENT_CLAIMS, at=now(), code=code)
    delivery().parcels.note(opened.parcel.id, event)
    return Response(status=204)


@blueprint.post("/open/receipt")
def take_receipt() -> Response:
    """Accept a signed receipt of a recipient with a certificate. The CMS of the receipt comes in base64."""
    cms = RECEIPT.read(read_request())
    delivery().receipts.take(require_ticket().parcel, cms)
    return Response(status=204)


@blueprint.post("/open/answer")
def take_answer() -> Response:
    """Accept an encrypted answer, and mail it to the sender.

    The body is the CMS of the encrypted message. `Idempotency-Key` names the answer, so that it may be repeated.
    """
    opened = require_ticket()
    if _answer_terms(opened.parcel) is None:
        raise ServiceError(404, "no-answers", "This server passes no answers on.")
    key = request.headers.get("Idempotency-Key", "")
    if _KEY.fullmatch(key) is None:
        raise bad_request("The header Idempotency-Key is 22 to 64 letters, digits, - and _.")
    if request.mimetype != _CMS:
        raise ServiceError(415, "bad-request", f"The content type {_CMS} is expected.")
    max_bytes = delivery().config.max_answer_bytes
    if request.content_length is None:
        raise bad_request("The header Content-Length is missing.")
    if request.content_length > max_bytes:
        raise AnswerTooLarge(max_bytes)
    request.max_content_length = max_bytes
    delivery().answers.start(opened.parcel)
    with delivery().upload_gate.one(f"answer {opened.parcel.id}"):
        cms = request.get_data(cache=False)
        # The parcel may have ended while the answer came.
        accepted = delivery().answers.take(require_ticket().parcel, key, cms)
    return jsonify(reference=opened.parcel.reference, left=accepted.left)


def _enclosed_objects(parcel: Parcel) -> dict[str, str]:
    """Return all objects of a small parcel by their names, in base64. Larger parcels' objects are fetched singly."""
    names = announced_sizes(parcel)
    if len(names) > MAX_ENCLOSED_OBJECTS or sum(names.values()) > MAX_ENCLOSED_BYTES:
        return {}
    store = delivery().store
    try:
        return {
            name: base64_text(
                b"".join(store.read(stored_object.folder, stored_object.name, stored_object.start, stored_object.size))
            )
            for name in names
            if (stored_object := find_object(parcel, name)) is not None
        }
    except StoreFailed:
        return {}


def _answer_terms(parcel: Parcel) -> dict[str, object] | None:
    """Return the facts that a client needs to write an answer, or None if the bridge passes no answers to senders."""
    notices = services().config.parcel_notices
    if notices is None or not is_plain(parcel.sender):
        return None
    return {
        "from": author_of(notices.head, notices.language_for(parcel.language)),
        "bytes": delivery().config.max_answer_bytes,
        "left": delivery().answers.left(parcel.id),
    }


def _proof_in(members: dict[str, object], parcel_id: str) -> Proof:
    if "proof" in members:
        return Proof(value=PROOF.read(members))
    return delivery().challenges.proof_of(parcel_id, NONCE.read(members), TOKEN.read(members))


def _client() -> str:
    return client_network(request.remote_addr)
