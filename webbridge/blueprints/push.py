"""`/api/push`: the URL of the signed-in browser at its push service, for messages about new mail."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from sealwax.service import Announcement, ServiceError
from webbridge.blueprints.json_values import read_members
from webbridge.events.words import PUSH_CHANGED
from webbridge.login.sessions import Session
from webbridge.push.endpoints import EndpointRefused, read_endpoint
from webbridge.services import require_session, services

_MAX_BYTES = 4096

blueprint = Blueprint("push", __name__)


@blueprint.put("/push")
def subscribe() -> Response:
    """Keep the URL until the session ends, in place of an earlier URL. No message is sent now."""
    session = require_session()
    push = services().config.push
    if push is None or session.credentials.account.server.imap is None:
        raise ServiceError(422, "not-offered", "This server sends no push messages.")
    url = read_members(max_bytes=_MAX_BYTES).get("endpoint")
    try:
        endpoint = read_endpoint(url if isinstance(url, str) else "", push.hosts)
    except EndpointRefused:
        text = "This server does not know the push service of your browser. Ask your administrator to allow it."
        raise ServiceError(422, "push-service-refused", text) from None
    services().subscriptions.keep(session, endpoint.url)
    return _changed(session)


@blueprint.delete("/push")
def unsubscribe() -> Response:
    """Delete the URL."""
    session = require_session()
    services().subscriptions.forget(session.id)
    return _changed(session)


def _changed(session: Session) -> Response:
    services().announcements.announce(Announcement(kind=PUSH_CHANGED, subject=session.id))
    return jsonify()
