"""`GET /api/openapi.json`: the description of the parcels' API for programs (OpenAPI 3.1)."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from webbridge.delivery.openapi.description import describe_api
from webbridge.services import services

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/openapi.json")
def show_api() -> Response:
    """Return the description. It is the same for everybody, and contains nothing about single parcels."""
    config = services().config
    return jsonify(describe_api(config.api_origin + config.api_prefix))
