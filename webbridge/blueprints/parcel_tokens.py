"""`/api/parcel-tokens`: the tokens of programs that send parcels for the account. Only its sessions manage tokens."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response

from webbridge.blueprints.parcel_calls import delivery, read_slow_request, time_text
from webbridge.delivery.tokens import DAYS, NAME
from webbridge.records import record_token
from webbridge.services import require_session

blueprint = Blueprint("parcel_tokens", __name__)


@blueprint.get("/parcel-tokens")
def list_tokens() -> Response:
    """List the tokens of the account. Their values were shown only once."""
    session = require_session()
    return jsonify(
        tokens=[
            {"name": token.name, "created": time_text(token.created_at), "expires": time_text(token.expires_at)}
            for token in delivery().tokens.list(session.address)
        ]
    )


@blueprint.post("/parcel-tokens")
def make_token() -> Response:
    """Make a token with the member `name` for `days` days, and return its value."""
    session = require_session()
    members = read_slow_request(session.address)
    name = NAME.read(members)
    token = delivery().tokens.make(session.address, name, DAYS.read(members))
    record_token(session.address, "made")
    return make_response(jsonify(token=token, name=name, address=session.address), 201)


@blueprint.delete("/parcel-tokens/<name>")
def revoke_token(name: str) -> Response:
    """Revoke a token. From then on it is refused."""
    session = require_session()
    delivery().tokens.revoke(session.address, name)
    record_token(session.address, "revoked")
    return Response(status=204)
