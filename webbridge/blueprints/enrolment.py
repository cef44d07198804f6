"""`POST /api/enrolment` and `POST /api/enrolment/reset`: tickets for the key server.

A ticket proves that the signed-in user owns the address. For each ticket, the bridge logs in to the mail server again,
because a session lasts for hours. In these hours the person may have changed the password because somebody else knew
it.
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from roaming_keys.protocol.tickets import Purpose, issue_ticket
from webbridge.services import require_session, services, with_mail

blueprint = Blueprint("enrolment", __name__)


@blueprint.post("/enrolment")
def make_ticket() -> Response:
    """Issue a ticket that registers the address of the session."""
    return _issue(Purpose.ENROLMENT)


@blueprint.post("/enrolment/reset")
def make_reset_ticket() -> Response:
    """Issue a ticket that starts or finishes a reset of the account of the session's address."""
    return _issue(Purpose.RESET)


def _issue(purpose: Purpose) -> Response:
    session = require_session()
    with_mail(session, lambda: services().pool.log_in(session.credentials)).close()
    config = services().config
    ticket = issue_ticket(
        config.enrolment_key,
        audience=config.key_server_origin,
        user=session.address,
        at=config.clock(),
        purpose=purpose,
        discovery_key=config.discovery_key,
    )
    return jsonify(ticket=ticket)
