"""`/api/sessions`: list the sessions of the signed-in account, and end one or all of them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from sealwax.service import ServiceError
from webbridge.login.sessions import ListedSession
from webbridge.records import ByOwner, record_ended_by_owner
from webbridge.services import account_named, close_ended_session, require_session, services

blueprint = Blueprint("sessions", __name__)


@blueprint.get("/sessions")
def list_sessions() -> Response:
    """Return the account's sessions, the latest use first."""
    session = require_session()
    listed, total = services().sessions.list_for(session)
    return jsonify(sessions=[_render(listed_session) for listed_session in listed], total=total)


@blueprint.delete("/sessions/<session_id>")
def end_one(session_id: str) -> Response:
    """End one session of the account, which may be the session of this request."""
    session = require_session()
    if not services().sessions.end_one_of(session, session_id):
        raise ServiceError(404, "no-such-session", "This session has ended already. Load the list again.")
    close_ended_session(session_id)
    record_ended_by_owner(session.address, ByOwner.ONE)
    response = Response(status=204)
    if session_id == session.id:
        services().cookie.delete_in(response, account_named())
    return response


@blueprint.delete("/sessions")
def end_all() -> Response:
    """End the account's other sessions, and with `?this=true` also the session of this request."""
    session = require_session()
    with_this = request.args.get("this") == "true"
    ended = services().sessions.end_all_of(session, with_this=with_this)
    for session_id in ended:
        close_ended_session(session_id)
    record_ended_by_owner(session.address, ByOwner.ALL if with_this else ByOwner.ALL_OTHERS)
    response = jsonify(ended=len(ended))
    if with_this:
        services().cookie.delete_in(response, account_named())
    return response


def _render(session: ListedSession) -> dict[str, object]:
    return {
        "id": session.id,
        "started": None if session.started is None else session.started.isoformat(),
        "used": session.used.isoformat(),
        "program": session.program,
        "origin": session.origin,
        "this": session.is_this,
    }
