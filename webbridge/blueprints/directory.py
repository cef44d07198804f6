"""`GET /api/directory?address=`: certificates of an address, for those who are signed in."""

from __future__ import annotations

from base64 import b64encode

from flask import Blueprint, Response, jsonify, request

from webbridge.gateway.door import check_address
from webbridge.services import require_session, services

blueprint = Blueprint("directory", __name__)


@blueprint.get("/directory")
def find_certificates() -> Response:
    """List what the directory has; the vault decides what it is worth."""
    require_session()
    found = services().directory.find(check_address(request.args.get("address", "")))
    return jsonify(certificates=[b64encode(certificate).decode("ascii") for certificate in found])
