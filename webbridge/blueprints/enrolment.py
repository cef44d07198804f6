"""`POST /api/enrolment`: a ticket that proves to the key server that the signed-in user owns the address."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from roaming_keys.tickets import issue_ticket
from webbridge.services import require_session, services

blueprint = Blueprint("enrolment", __name__)


@blueprint.post("/enrolment")
def make_ticket() -> Response:
    """Issue a ticket for the address of the session."""
    session = require_session()
    config = services().config
    ticket = issue_ticket(
        config.enrolment_key,
        audience=config.key_server_origin,
        user=session.address,
        at=config.clock(),
        discovery_key=config.discovery_key,
    )
    return jsonify(ticket=ticket)
