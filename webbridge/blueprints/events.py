"""`GET /api/events`: the changes in a mailbox as server-sent events. Only `sealwax bridge events` serves this route."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request

from sealwax.service import ServiceError
from webbridge.events.admission import admission_of

blueprint = Blueprint("events", __name__)


@blueprint.get("/events")
def stream_events() -> Response:
    """Open a stream of the session's events. It does not count as a use of the session."""
    admission = admission_of(current_app)
    session = admission.find_session(request)
    if session is None:
        raise ServiceError(401, "session-ended", "You are not signed in, or the session has ended. Sign in again.")
    response = Response(status=200, content_type="text/event-stream")
    # nginx reads this header, and delivers each event at once.
    response.headers["X-Accel-Buffering"] = "no"
    if request.method == "GET":
        admission.admit(request.environ, session)
    return response
