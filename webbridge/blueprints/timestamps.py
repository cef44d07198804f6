"""`POST /api/timestamp`: asks the operator's timestamp service, for people who are signed in.

A browser cannot ask the service, because such services send no header that lets pages of other origins read answers.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from sealwax.cli.messages.timestamp_service import post_query
from sealwax.lookups.fetch import LookupFailed
from sealwax.service import ServiceError
from smime_core.timestamp import QUERY_TYPE, REPLY_TYPE
from webbridge.certificates.timestamp_counter import MAX_PER_SESSION
from webbridge.services import require_session, services

MAX_QUERY_BYTES: Final = 1024
"""A TimeStampReq of the pages has about 80 bytes."""

blueprint = Blueprint("timestamps", __name__)


@blueprint.post("/timestamp")
def ask_for_timestamp() -> Response:
    """Return the answer to a TimeStampReq. The vault checks it. The service learns a hash, but not who asks."""
    session = require_session()
    service = services().config.timestamp_service
    if not service:
        raise ServiceError(404, "not-found", "This bridge has no timestamp service.")
    request.max_content_length = MAX_QUERY_BYTES
    query = request.get_data()
    if request.mimetype != QUERY_TYPE or not query:
        raise ServiceError(400, "bad-request", "A request for a timestamp is expected.")
    services().timestamps.start({session.id: MAX_PER_SESSION})
    try:
        answer = post_query(service, query)
    except LookupFailed as error:
        raise ServiceError(502, "timestamp-failed", f"The timestamp service did not answer: {error}") from None
    return Response(answer, mimetype=REPLY_TYPE)
