"""`/api/pki`: the answers of authorities about certificates, for people who are signed in.

The authorities' URLs come from the certificates, never from the request.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence
from itertools import accumulate

from flask import Blueprint, Response, jsonify
from werkzeug.exceptions import BadRequest

from sealwax.lookups.answers import LookupProblem
from sealwax.lookups.paths import PathAnswers
from sealwax.service import ServiceError
from smime_core.errors import SmimeError
from smime_core.limits import MAX_PATH_LENGTH
from smime_core.x509 import Certificate, parse_certificate
from webbridge.blueprints.json_values import base64_text, read_members
from webbridge.services import require_session, services

MAX_REQUEST_BYTES = 512 * 1024
MAX_PATHS = 16
MAX_CERTIFICATE_BYTES = 32 * 1024
MAX_ANSWER_BYTES = 40_000_000
"""The most bytes of CRLs in one answer: room for the largest CRL, and the same room for other CRLs."""

blueprint = Blueprint("pki", __name__)


@blueprint.post("/pki/status")
def find_status() -> Response:
    """Return the evidence about the revocation of each path's certificates. The vault judges it."""
    services().lookups.start(require_session())
    return answer_about_paths()


def answer_about_paths() -> Response:
    """Return the evidence about the paths of the request. The calling view has already counted this request."""
    paths = [_read_certificates(path, at_most=MAX_PATH_LENGTH) for path in _read_list("paths")]
    answers = services().authorities.ask_about(paths)
    return jsonify(answers=_answers_to_json(answers))


@blueprint.post("/pki/issuers")
def find_issuers() -> Response:
    """Return the issuers' certificates, from the addresses in the given certificates.

    The pages call this only when the user presses a button for it.
    """
    session = require_session()
    services().lookups.start(session)
    certificates = _read_certificates(_read_list("certificates"), at_most=MAX_PATHS)
    services().lookups.start_issuers(session, len(certificates))
    answers = services().authorities.find_issuers(certificates)
    return jsonify(
        answers=[
            {
                "certificates": [base64_text(issuer.der) for issuer in answer.certificates],
                "problems": _problems_to_json(answer.problems),
            }
            for answer in answers
        ]
    )


def _read_list(member: str) -> list[object]:
    values = read_members(max_bytes=MAX_REQUEST_BYTES).get(member)
    if not isinstance(values, list) or not 0 < len(values) <= MAX_PATHS:
        raise ServiceError(400, "bad-request", f"Between one and {MAX_PATHS} {member} are expected.")
    return values


def _read_certificates(values: object, *, at_most: int) -> list[Certificate]:
    if not isinstance(values, list) or not 0 < len(values) <= at_most:
        raise BadRequest
    return [_read_certificate(value) for value in values]


def _read_certificate(value: object) -> Certificate:
    if not isinstance(value, str) or len(value) > MAX_CERTIFICATE_BYTES * 4 // 3:
        raise BadRequest
    try:
        return parse_certificate(b64decode(value, validate=True))
    except (Base64Error, ValueError, SmimeError):
        raise ServiceError(400, "bad-request", "The request holds something else than certificates.") from None


def _answers_to_json(answers: Iterable[PathAnswers]) -> list[dict[str, object]]:
    # Paths often share their CRLs, so each CRL is sent only with the first path that needs it.
    room, sent_lists = MAX_ANSWER_BYTES, set[bytes]()
    encoded: list[dict[str, object]] = []
    for answer in answers:
        lists = [data for data in answer.revocation_lists if data not in sent_lists]
        fitting = _fit(lists, room)
        room -= sum(map(len, fitting))
        sent_lists.update(fitting)
        problems = list(answer.problems)
        if len(fitting) < len(lists):
            problems.append(LookupProblem(code="too-large", text="the revocation lists are too large together"))
        encoded.append(
            {
                "crls": [base64_text(data) for data in fitting],
                "ocsp": [base64_text(data) for data in answer.ocsp_responses],
                "problems": _problems_to_json(problems),
            }
        )
    return encoded


def _fit(lists: Sequence[bytes], room: int) -> list[bytes]:
    taken = accumulate(map(len, lists))
    return [data for data, bytes_until_here in zip(lists, taken, strict=True) if bytes_until_here <= room]


def _problems_to_json(problems: Iterable[LookupProblem]) -> list[dict[str, str]]:
    return [{"code": problem.code, "message": problem.text} for problem in problems]
