"""`/api/parcel-tokens`: the tokens of programs that send parcels for the account. Only its sessions manage them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from webbridge.blueprints.parcel_calls import delivery, read_slow_request, time_text
from webbridge.delivery.limits import MAX_TOKEN_DAYS
from webbridge.delivery.submission import whole_number
from webbridge.records import record_token
from webbridge.services import require_session

blueprint = Blueprint("parcel_tokens", __name__)


@blueprint.get("/parcel-tokens")
def list_tokens() -> Response:
    """List the tokens of the account. Their values were shown only once."""
    session = require_session()
    return jsonify(
        tokens=[
            {"name": one.name, "created": time_text(one.created_at), "expires": time_text(one.expires_at)}
            for one in delivery().tokens.list(session.address)
        ]
    )


@blueprint.post("/parcel-tokens")
def make_token() -> Response:
    """Make a token with the member `name` for `days` days, and return its value."""
    session = require_session()
    members = read_slow_request(session.address)
    days = whole_number(members, "days", 1, MAX_TOKEN_DAYS)
    token = delivery().tokens.make(session.address, members.get("name"), days)
    record_token(session.address, "made")
    response = jsonify(token=token, name=members["name"], address=session.address)
    response.status_code = 201
    return response


@blueprint.delete("/parcel-tokens/<name>")
def revoke_token(name: str) -> Response:
    """Revoke a token. From then on it is refused."""
    session = require_session()
    delivery().tokens.revoke(session.address, name)
    record_token(session.address, "revoked")
    return Response(status=204)
