"""The messages of a folder: lists at `/folders/ID/messages`, `threads` and `search`, and one message byte for byte."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from sealwax.service import DatabaseUnavailable
from webbridge.blueprints.download import Download
from webbridge.blueprints.json_values import read_members
from webbridge.blueprints.mail_calls import (
    DEFAULT_LIMIT,
    MAX_CHANGE_BYTES,
    MAX_LIMIT,
    call_mail,
    check_before,
    flag_in,
    folder_of,
    mailbox_of,
    number_of_query,
    positive_in,
    render_page,
    render_row,
)
from webbridge.gateway.connection import Changes
from webbridge.gateway.imap_search import Criteria, SortKey
from webbridge.gateway.uid_set import write_ranges
from webbridge.gateway.wire import on_error
from webbridge.login.sessions import Session
from webbridge.places.downloads import SMALL_BYTES
from webbridge.services import require_session, services, with_mail

_TEXTS = {"text": "text", "subject": "subject", "from": "sender", "to": "recipient", "body": "body"}

blueprint = Blueprint("messages", __name__)


@blueprint.get("/folders/<folder_id>/messages")
def list_messages(folder_id: str) -> Response:
    """List a page of messages, newest first or in the order of `sort`, or the changes since an earlier list.

    `before` is a UID, so the request must also have the `uidValidity` of this UID.
    """
    session = require_session()
    folder = folder_of(session, folder_id)
    if "since" in request.args:
        return _list_changes(session, folder_id)
    if "sort" in request.args:
        return _list_sorted(session, folder)
    before, uid_validity, limit = number_of_query("before"), number_of_query("uidValidity"), _limit()
    check_before(before, uid_validity)
    page = call_mail(
        session,
        lambda connection: connection.list_messages(folder, before_uid=before, limit=limit, uid_validity=uid_validity),
    )
    return jsonify(render_page(page))


@blueprint.get("/folders/<folder_id>/threads")
def list_threads(folder_id: str) -> Response:
    """List the newest message of each thread, and the UIDs of the threads."""
    session = require_session()
    folder, offset, limit = folder_of(session, folder_id), number_of_query("offset", lowest=0) or 0, _limit()
    page, threads = call_mail(session, lambda connection: connection.list_threads(folder, offset=offset, limit=limit))
    return jsonify(render_page(page) | {"threads": threads})


@blueprint.post("/folders/<folder_id>/search")
def search(folder_id: str) -> Response:
    """List the messages that meet the criteria, newest first. The body has the criteria, because proxies log URLs."""
    session = require_session()
    folder = folder_of(session, folder_id)
    members = read_members(max_bytes=MAX_CHANGE_BYTES)
    criteria = _criteria(members)
    before, uid_validity = positive_in(members, "before"), positive_in(members, "uidValidity")
    check_before(before, uid_validity)
    limit = min(positive_in(members, "limit") or DEFAULT_LIMIT, MAX_LIMIT)
    page = call_mail(
        session,
        lambda connection: connection.search(
            folder, criteria, before_uid=before, limit=limit, uid_validity=uid_validity
        ),
    )
    return jsonify(render_page(page))


@blueprint.get("/folders/<folder_id>/<int:uid_validity>/<int:uid>/raw")
def raw_message(folder_id: str, uid_validity: int, uid: int) -> Response:
    """Stream the message's bytes as the mail server stores them."""
    session = require_session()
    mailbox = mailbox_of(session, folder_id, uid_validity)
    message = with_mail(
        session,
        lambda: services().pool.open_raw(
            session.id, session.credentials, mailbox, uid, max_bytes=services().config.max_message_bytes
        ),
    )
    if message.size_bytes is not None and message.size_bytes > SMALL_BYTES:
        # The message is already open, so it is sent even if the database is unavailable.
        with on_error(message.close), suppress(DatabaseUnavailable):
            message.with_end(services().downloads.take(session.id))
    response = Response(
        Download(message), mimetype="application/octet-stream", headers={"Content-Disposition": "attachment"}
    )
    if message.size_bytes is not None:
        response.content_length = message.size_bytes
    return response


def _list_sorted(session: Session, folder: str) -> Response:
    """List a part of the folder in an order that the mail server makes."""
    try:
        key = SortKey(request.args["sort"])
    except ValueError:
        raise BadRequest from None
    is_descending = request.args.get("order", "descending") != "ascending"
    offset, limit = number_of_query("offset", lowest=0) or 0, _limit()
    page = call_mail(
        session,
        lambda connection: connection.list_sorted(folder, key, is_descending=is_descending, offset=offset, limit=limit),
    )
    return jsonify(render_page(page))


def _list_changes(session: Session, folder_id: str) -> Response:
    mailbox = mailbox_of(session, folder_id, number_of_query("uidValidity"))
    token, lowest, limit = request.args["since"], number_of_query("from") or 1, _limit()
    changes = call_mail(
        session, lambda connection: connection.list_changes(mailbox, token, from_uid=lowest, limit=limit)
    )
    return jsonify(_render_changes(changes))


def _render_changes(changes: Changes) -> dict[str, object]:
    return {
        "uidValidity": changes.uid_validity,
        "total": changes.total,
        "token": changes.token,
        "whole": changes.is_whole,
        "flags": [{"uid": uid, "flags": flags} for uid, flags in changes.flags.items()],
        "messages": [render_row(row) for row in changes.new],
        "vanished": write_ranges(changes.vanished),
    }


def _criteria(members: dict[str, object]) -> Criteria:
    texts = {ours: members.get(name, "") for name, ours in _TEXTS.items()}
    if not all(isinstance(text, str) for text in texts.values()):
        raise BadRequest
    return Criteria(
        **{name: str(text) for name, text in texts.items()},
        since=_day(members.get("since")),
        before=_day(members.get("beforeDay")),
        unseen=flag_in(members, "unseen"),
        flagged=flag_in(members, "flagged"),
        larger_bytes=positive_in(members, "larger") or 0,
    )


def _day(value: object) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == len("2026-01-31") else _bad()
    except ValueError:
        raise BadRequest from None


def _bad() -> date:
    raise BadRequest


def _limit() -> int:
    return min(number_of_query("limit") or DEFAULT_LIMIT, MAX_LIMIT)
