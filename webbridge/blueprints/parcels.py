"""`/api/parcels`: a sender announces parcels, submits them, and follows, changes or withdraws them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, Response, jsonify, make_response, request

from sealwax.service import DatabaseUnavailable, ServiceError, error_response
from sealwax.words import language_asked
from webbridge.blueprints.json_values import base64_text
from webbridge.blueprints.line_bodies import read_line, read_objects
from webbridge.blueprints.parcel_abuse import protection
from webbridge.blueprints.parcel_calls import (
    body_of,
    check_id,
    delivery,
    place_of,
    read_manifest,
    read_slow_request,
    render_created,
    render_parcel,
    require_sender,
)
from webbridge.delivery.delivery import Incomplete
from webbridge.delivery.limits import MAX_LINE_BYTES, MAX_WHOLE_BYTES
from webbridge.delivery.members import number
from webbridge.delivery.parcels import Parcel
from webbridge.delivery.submission import MOST_OPENINGS, Submission, parse_submission
from webbridge.records import recorded_parcel

_SHOWN_NAMES = 100

blueprint = Blueprint("parcels", __name__)


@blueprint.post("/parcels")
def create_parcel() -> Response:
    """Reserve the room for a parcel, or submit it if it is `whole`. One line of JSON comes before the bytes.

    The request names the parcel's id, so a repeated request gets the same answer. `Accept-Language` gives the language
    of the mails to the sender.
    """
    sender = require_sender()
    request.max_content_length = MAX_LINE_BYTES + MAX_WHOLE_BYTES
    with body_of(sender):
        submission = parse_submission(read_line(request.stream), delivery().config)
        body = read_objects(request.stream, submission.total_bytes if submission.is_whole else 0)
    with recorded_parcel(sender) as record:
        with _counted(sender, submission):
            # A quality of 0 refuses a language (RFC 9110 section 12.5.4).
            language = language_asked(tag for tag, quality in request.accept_languages if quality) or ""
            parcel, is_new = delivery().create(sender, submission, body, language=language)
        record.outcome = "created" if is_new else "repeated"
    response = make_response(jsonify(render_created(parcel)), 201 if is_new else 200)
    response.headers["Location"] = f"/api/parcels/{parcel.id}"
    return response


@blueprint.get("/parcels")
def list_parcels() -> Response:
    """List a page of the sender's parcels, newest first. `next` is the id for `before`, or null on the last page.

    `address` is the sender's address, from which a program learns for whom its token sends.
    """
    sender, before = require_sender(), request.args.get("before")
    listed = delivery().parcels.list_own(sender, before=None if before is None else check_id(before))
    return jsonify(
        address=sender,
        parcels=[render_parcel(parcel) for parcel in listed.parcels],
        next=listed.next,
        used=delivery().quota.used_by(sender),
        quota=delivery().config.sender_bytes,
    )


@blueprint.get("/parcels/<parcel_id>")
def show_parcel(parcel_id: str) -> Response:
    """Show a parcel with its states, and the signed receipts for it."""
    listed = delivery().parcels.show_own(require_sender(), check_id(parcel_id))
    receipts = [base64_text(cms) for cms in delivery().receipts.find(parcel_id)]
    return jsonify(render_parcel(listed) | {"receipts": receipts})


@blueprint.post("/parcels/<parcel_id>/submit")
def submit_parcel(parcel_id: str) -> Response:
    """Submit a parcel when all chunks have come, and queue its notices. A repeated request changes nothing.

    The body is the manifest, unless the manifest was uploaded like the chunks.
    """
    sender = require_sender()
    manifest = read_manifest(sender) if request.mimetype == "application/octet-stream" else None
    try:
        with place_of(sender), recorded_parcel(sender) as record:
            record.outcome = "submitted"
            parcel = delivery().submit(sender, check_id(parcel_id), manifest)
    except Incomplete as error:
        missing = {"missing": error.names[:_SHOWN_NAMES]}
        return error_response(error.status, error.code, error.message, further_members=missing)
    return jsonify(render_created(parcel))


@blueprint.post("/parcels/<parcel_id>/withdraw")
def withdraw_parcel(parcel_id: str) -> Response:
    """Withdraw the parcel, so that nobody can open it any more, and delete its bytes."""
    sender = require_sender()
    with recorded_parcel(sender) as record:
        record.outcome = "withdrawn"
        parcel = delivery().withdraw(sender, check_id(parcel_id))
    return _shown(sender, parcel)


@blueprint.post("/parcels/<parcel_id>/extend")
def extend_parcel(parcel_id: str) -> Response:
    """Let the parcel end `days` from now, unless it ends later."""
    sender = require_sender()
    days = number("days", 1, delivery().config.max_days).read(read_slow_request(sender))
    return _shown(sender, delivery().parcels.extend(sender, check_id(parcel_id), days))


@blueprint.post("/parcels/<parcel_id>/tries")
def give_tries(parcel_id: str) -> Response:
    """Give the recipients five more tries at the secret."""
    sender = require_sender()
    return _shown(sender, delivery().parcels.give_tries(sender, check_id(parcel_id)))


@blueprint.post("/parcels/<parcel_id>/downloads")
def limit_downloads(parcel_id: str) -> Response:
    """Allow at most `limit` openings in all, or any number if it is null."""
    sender = require_sender()
    most = MOST_OPENINGS.read(read_slow_request(sender))
    return _shown(sender, delivery().parcels.limit_openings(sender, check_id(parcel_id), most))


@contextmanager
def _counted(sender: str, submission: Submission) -> Iterator[None]:
    """Check the sender of a new parcel, and count its recipients if the parcel is accepted. Raises ServiceError."""
    if delivery().parcels.find(submission.id) is not None:
        yield
        return
    senders, count = protection().senders, len(submission.recipients)
    senders.check(sender, [recipient.address for recipient in submission.recipients])
    # The recipients are counted before the parcel is made, so that parcels that come at the same time are counted too.
    senders.count(sender, count)
    try:
        yield
    except DatabaseUnavailable:
        raise  # The parcel may be recorded nevertheless.
    except ServiceError:
        senders.take_back(sender, count)
        raise


def _shown(sender: str, parcel: Parcel) -> Response:
    return jsonify(render_parcel(delivery().parcels.show_own(sender, parcel.id)))
