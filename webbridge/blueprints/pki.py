"""`/api/pki`: what authorities say about certificates, for those who are signed in.

The addresses are taken out of the certificates and never from the request.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from smime_core.certificate import Certificate, parse_certificate
from smime_core.errors import SmimeError
from smime_core.limits import MAX_PATH_LENGTH
from smime_core.lookups.answers import LookupProblem
from smime_core.lookups.paths import PathAnswers
from webbridge.errors import ApiError
from webbridge.lookup_counter import TooManyLookups
from webbridge.services import require_session, services

MAX_REQUEST_BYTES = 512 * 1024
MAX_PATHS = 16
MAX_CERTIFICATE_BYTES = 32 * 1024
MAX_ANSWER_BYTES = 40_000_000
"""Of revocation lists in one answer: the largest there is, and as much of others."""

blueprint = Blueprint("pki", __name__)


@blueprint.post("/pki/status")
def find_status() -> Response:
    """Give what bears on the revocation of each path's certificates; the vault decides what it is worth."""
    _count_request()
    paths = [_read_certificates(path, at_most=MAX_PATH_LENGTH) for path in _read_list("paths")]
    answers = services().authorities.ask_about(paths)
    return jsonify(answers=_answers_to_json(answers))


@blueprint.post("/pki/issuers")
def find_issuers() -> Response:
    """Give the issuers' certificates from where each certificate says; the pages ask only when a person wants it."""
    _count_request()
    certificates = _read_certificates(_read_list("certificates"), at_most=MAX_PATHS)
    answers = services().authorities.find_issuers(certificates)
    return jsonify(
        answers=[
            {
                "certificates": [_text(issuer.der) for issuer in answer.certificates],
                "problems": _problems_to_json(answer.problems),
            }
            for answer in answers
        ]
    )


def _count_request() -> None:
    session = require_session()
    try:
        services().lookups.start(session.id)
    except TooManyLookups as error:
        text = "Too many certificates were asked about. Wait a minute."
        raise ApiError(429, "try-later", text, retry_after_seconds=error.retry_after_seconds) from None


def _read_list(member: str) -> list[object]:
    request.max_content_length = MAX_REQUEST_BYTES
    fields = request.get_json()
    values = fields.get(member) if isinstance(fields, dict) else None
    if not isinstance(values, list) or not 0 < len(values) <= MAX_PATHS:
        raise ApiError(400, "bad-request", f"Between one and {MAX_PATHS} {member} are expected.")
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
        raise ApiError(400, "bad-request", "What was sent is no certificate.") from None


def _answers_to_json(answers: Iterable[PathAnswers]) -> list[dict[str, object]]:
    # Paths often share their lists: each goes with the first that needs it, and the vault puts them together.
    room, given = MAX_ANSWER_BYTES, set[bytes]()
    encoded: list[dict[str, object]] = []
    for answer in answers:
        lists = [data for data in answer.revocation_lists if data not in given]
        fitting = _fit(lists, room)
        room -= sum(map(len, fitting))
        given.update(fitting)
        problems = list(answer.problems)
        if len(fitting) < len(lists):
            problems.append(LookupProblem(code="too-large", text="the revocation lists are too large together"))
        encoded.append(
            {
                "crls": [_text(data) for data in fitting],
                "ocsp": [_text(data) for data in answer.ocsp_responses],
                "problems": _problems_to_json(problems),
            }
        )
    return encoded


def _fit(lists: Sequence[bytes], room: int) -> list[bytes]:
    fitting: list[bytes] = []
    for data in lists:
        room -= len(data)
        if room < 0:
            break
        fitting.append(data)
    return fitting


def _problems_to_json(problems: Iterable[LookupProblem]) -> list[dict[str, str]]:
    return [{"code": problem.code, "message": problem.text} for problem in problems]


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")
