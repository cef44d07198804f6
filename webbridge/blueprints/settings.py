"""`GET /api/config`: what the pages must know before anybody signs in."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable

from flask import Blueprint, Response, jsonify

from webbridge.services import services

blueprint = Blueprint("settings", __name__)


@blueprint.get("/config")
def show_config() -> Response:
    """Name what the pages trust by the operator's word, and the largest message."""
    config, trust_list = services().config, services().trust_list.cms
    return jsonify(
        anchors=_texts(services().anchors_der),
        timestampAnchors=_texts(services().timestamp_anchors_der),
        trustList=None if trust_list is None else b64encode(trust_list).decode("ascii"),
        mozilla=config.mozilla_roots,
        revocation=str(config.revocation),
        maxMessageBytes=config.max_message_bytes,
    )


def _texts(certificates: Iterable[bytes]) -> list[str]:
    return [b64encode(certificate).decode("ascii") for certificate in certificates]
