"""The messages of a folder: their list at `/folders/ID/messages`, bytes and flags under `/folders/ID/UIDVALIDITY`."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from sealwax.service import ServiceError
from webbridge.blueprints.json_values import read_members
from webbridge.gateway import Mailbox, MessageSummary
from webbridge.login.sessions import Session
from webbridge.services import require_session, services, with_mail

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_DIGITS = 10  # The digits of a UID, which has 32 bits.
MAX_CHANGE_BYTES = 64 * 1024  # A request that names 1,000 messages.

blueprint = Blueprint("messages", __name__)


@blueprint.get("/folders/<folder_id>/messages")
def list_messages(folder_id: str) -> Response:
    """List a page of messages, newest first. `before` is a UID, so it needs the `uidValidity` that it is from."""
    session = require_session()
    folder = services().folder_ids.name_of(session.address, folder_id)
    limit = min(_number("limit") or DEFAULT_LIMIT, MAX_LIMIT)
    before, uid_validity = _number("before"), _number("uidValidity")
    if before is not None and uid_validity is None:
        raise ServiceError(400, "bad-request", "The request has a before, and lacks the uidValidity of its folder.")
    page = with_mail(
        session,
        lambda: services().pool.run(
            session.id,
            session.credentials,
            lambda connection: connection.list_messages(
                folder, before_uid=before, limit=limit, uid_validity=uid_validity
            ),
        ),
    )
    return jsonify(uidValidity=page.uid_validity, messages=[_render(summary) for summary in page.rows])


@blueprint.get("/folders/<folder_id>/<int:uid_validity>/<int:uid>/raw")
def raw_message(folder_id: str, uid_validity: int, uid: int) -> Response:
    """Stream the message's bytes as the mail server stores them."""
    session = require_session()
    mailbox = _mailbox(session, folder_id, uid_validity)
    message = with_mail(
        session,
        lambda: services().pool.open_raw(
            session.id, session.credentials, mailbox, uid, max_bytes=services().config.max_message_bytes
        ),
    )
    response = Response(message, mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = "attachment"
    if message.size_bytes is not None:
        response.content_length = message.size_bytes
    return response


@blueprint.put("/folders/<folder_id>/<int:uid_validity>/flags")
def change_flags(folder_id: str, uid_validity: int) -> Response:
    """Set the flags in `add` and clear those in `remove` on the messages in `uids`."""
    session = require_session()
    mailbox = _mailbox(session, folder_id, uid_validity)
    members = read_members(max_bytes=MAX_CHANGE_BYTES)
    uids, add, remove = _uids(members.get("uids")), _flags(members.get("add", [])), _flags(members.get("remove", []))
    with_mail(
        session,
        lambda: services().pool.run(
            session.id,
            session.credentials,
            lambda connection: connection.change_flags(mailbox, uids, add=add, remove=remove),
        ),
    )
    return Response(status=204)


def _mailbox(session: Session, folder_id: str, uid_validity: int) -> Mailbox:
    return Mailbox(services().folder_ids.name_of(session.address, folder_id), uid_validity)


def _uids(value: object) -> list[int]:
    if not isinstance(value, list) or not all(type(one) is int for one in value):
        raise BadRequest
    return value


def _flags(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadRequest
    return value


def _number(name: str) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS and 0 < int(text) < 2**32):
        raise ServiceError(
            400, "bad-request", f"The request has a wrong {name}: a positive number of 32 bits is expected."
        )
    return int(text)


def _render(summary: MessageSummary) -> dict[str, object]:
    return {
        "uid": summary.uid,
        "from": summary.sender,
        "to": ", ".join(summary.recipients),
        "subject": summary.subject,
        "date": None if summary.date is None else summary.date.isoformat(),
        "size": summary.size_bytes,
        "seen": summary.seen,
        "protection": summary.protection,
        "problem": summary.problem,
    }
