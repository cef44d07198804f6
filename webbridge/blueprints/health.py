"""`/api/health` and `/api/ready`: whether the process lives, and whether it can serve."""

from __future__ import annotations

from flask import Blueprint, Response

from sealwax.service.health import health_answer, ready_answer
from webbridge.services import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    """Answer that the process lives."""
    return health_answer()


@blueprint.get("/ready")
def ready() -> Response:
    """Answer whether the database works. Mail servers are only reported, because other pages work without them."""
    return ready_answer(services().health())
