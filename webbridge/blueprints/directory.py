"""`POST /api/directory`: certificates of an address, for people who are signed in.

The address is in the body, because paths are written into access logs.
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from sealwax.lookups.search import SearchProblem
from smime_core.trust import FoundCertificate
from webbridge.blueprints.json_values import base64_text, read_members, text_in
from webbridge.gateway.door import check_recipient
from webbridge.services import require_session, services

MAX_REQUEST_BYTES = 4096
"""An address has at most 254 bytes (RFC 5321 section 4.5.3.1.3)."""

blueprint = Blueprint("directory", __name__)


@blueprint.post("/directory")
def find_certificates() -> Response:
    """List the certificates in the directories, and the directories that did not answer. The vault judges them."""
    require_session()
    result = services().people.search(check_recipient(text_in(read_members(max_bytes=MAX_REQUEST_BYTES), "address")))
    return jsonify(
        certificates=[base64_text(entry.certificate.der) for entry in result.found],
        found=[_found_to_json(entry) for entry in result.found],
        problems=[_problem_to_json(problem) for problem in result.problems],
    )


def _found_to_json(entry: FoundCertificate) -> dict[str, object]:
    return {
        "certificate": base64_text(entry.certificate.der),
        "source": entry.source.value,
        "detail": entry.detail,
        "intermediates": [base64_text(intermediate.der) for intermediate in entry.intermediates],
    }


def _problem_to_json(problem: SearchProblem) -> dict[str, str]:
    return {
        "source": problem.source.value,
        "detail": problem.detail,
        "code": problem.code,
        "message": problem.text,
    }
