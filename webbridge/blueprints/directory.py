"""`POST /api/directory`: certificates of an address, for those who are signed in.

The address stands in the body: what stands in the path is written into access logs.
"""

from __future__ import annotations

from base64 import b64encode

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from smime_core.certificate import Certificate
from smime_core.lookups.search import SearchProblem
from smime_core.recipient_choice import FoundCertificate
from webbridge.gateway.door import check_address
from webbridge.services import require_session, services

MAX_REQUEST_BYTES = 4096
"""An address has at most 254 octets (RFC 5321 section 4.5.3.1.3)."""

blueprint = Blueprint("directory", __name__)


@blueprint.post("/directory")
def find_certificates() -> Response:
    """List what the directories have, and which of them did not answer; the vault decides what it is worth."""
    require_session()
    result = services().people.search(check_address(_read_address()))
    return jsonify(
        certificates=[_text(found.certificate) for found in result.found],
        found=[_found_to_json(found) for found in result.found],
        problems=[_problem_to_json(problem) for problem in result.problems],
    )


def _read_address() -> str:
    request.max_content_length = MAX_REQUEST_BYTES
    fields = request.get_json()
    address = fields.get("address") if isinstance(fields, dict) else None
    if not isinstance(address, str):
        raise BadRequest
    return address


def _found_to_json(found: FoundCertificate) -> dict[str, object]:
    return {
        "certificate": _text(found.certificate),
        "source": found.source.value,
        "detail": found.detail,
        "intermediates": [_text(one) for one in found.intermediates],
    }


def _problem_to_json(problem: SearchProblem) -> dict[str, str]:
    return {
        "source": problem.source.value,
        "detail": problem.detail,
        "code": problem.code,
        "message": problem.text,
    }


def _text(certificate: Certificate) -> str:
    return b64encode(certificate.der).decode("ascii")
