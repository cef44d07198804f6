"""`GET /api/config`: what the pages must know before anybody signs in."""

from __future__ import annotations

from base64 import b64encode

from flask import Blueprint, Response, jsonify

from webbridge.services import services

blueprint = Blueprint("settings", __name__)


@blueprint.get("/config")
def show_config() -> Response:
    """Name the key server, what the pages trust by the operator's word, and the largest message."""
    config = services().config
    return jsonify(
        keyServer=config.key_server_origin,
        anchors=[b64encode(anchor).decode("ascii") for anchor in services().anchors_der],
        mozilla=config.mozilla_roots,
        revocation=str(config.revocation),
        maxMessageBytes=config.max_message_bytes,
    )
