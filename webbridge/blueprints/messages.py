"""`/api/folders/<name>/messages`: the list, one message byte for byte, and marking it as seen."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from werkzeug.routing import PathConverter

from sealwax.service import ServiceError
from webbridge.gateway import MessageSummary
from webbridge.gateway.imap import Flag
from webbridge.services import require_session, services, with_mail

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_DIGITS = 10  # The digits of a UID, which has 32 bits.

blueprint = Blueprint("messages", __name__)


class FolderConverter(PathConverter):
    """The name of a folder in a path. The name may have slashes anywhere, also at its beginning and side by side."""

    regex = ".+?"
    part_isolating = False


@blueprint.get("/folders/<folder:name>/messages")
def list_messages(name: str) -> Response:
    """List a page of messages, newest first."""
    session = require_session()
    limit = min(_number("limit") or DEFAULT_LIMIT, MAX_LIMIT)
    before = _number("before")
    summaries = with_mail(
        session,
        lambda: services().pool.run(
            session.id,
            session.credentials,
            lambda connection: connection.list_messages(name, before, limit),
        ),
    )
    return jsonify(messages=[_render(summary) for summary in summaries])


@blueprint.get("/folders/<folder:name>/messages/<int:uid>/raw")
def raw_message(name: str, uid: int) -> Response:
    """Stream the message's bytes as the mail server stores them."""
    session = require_session()
    message = with_mail(
        session,
        lambda: services().pool.open_raw(
            session.id, session.credentials, name, uid, max_bytes=services().config.max_message_bytes
        ),
    )
    response = Response(message, mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = "attachment"
    response.content_length = message.size_bytes
    return response


@blueprint.put("/folders/<folder:name>/messages/<int:uid>/seen")
def mark_seen(name: str, uid: int) -> Response:
    """Mark one message as seen. Fetching its bytes does not mark it."""
    session = require_session()
    with_mail(
        session,
        lambda: services().pool.run(
            session.id, session.credentials, lambda connection: connection.mark(name, uid, Flag.SEEN)
        ),
    )
    return Response(status=204)


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
