"""What a small CA tells everybody, over plain HTTP: OCSP (RFC 6960 appendix A), lists and certificates of its CAs.

Everything that goes out is signed or public. Nothing is asked about who asks, and nothing about it is kept.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from flask import Flask, Response, abort, request

from smime_core.authority.answering import InformationDesk, OcspAnswer
from smime_core.authority.register import Issuer
from smime_core.limits import MAX_OCSP_REQUEST_BYTES
from webbridge.config import now
from webbridge.errors import ApiError, install_error_handlers

CACHE_SECONDS = 60 * 60  # a revocation is known everywhere after that, though lists and answers hold longer
CERTIFICATE_CACHE_SECONDS = 24 * 60 * 60
MAX_ENCODED_CHARACTERS = MAX_OCSP_REQUEST_BYTES * 4 // 3 + 4
_OCSP_REQUEST = "application/ocsp-request"
_OCSP_RESPONSE = "application/ocsp-response"
_CRL = "application/pkix-crl"  # RFC 2585 section 4
_CERTIFICATE = "application/pkix-cert"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityConfig:
    """Who answers, by which clock."""

    desk: InformationDesk
    clock: Callable[[], datetime] = now


def create_authority_app(config: AuthorityConfig) -> Flask:
    """Return the responder of one CA."""
    app = Flask("webbridge.authority", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_OCSP_REQUEST_BYTES
    # Base64 has slashes, two in a row among them.
    app.url_map.merge_slashes = False
    install_error_handlers(app)

    @app.after_request
    def never_sniffed(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.post("/ocsp")
    def ocsp_by_post() -> Response:
        if request.mimetype != _OCSP_REQUEST:
            raise ApiError(415, "bad-request", f"The request is not {_OCSP_REQUEST}.")
        answer = config.desk.answer(request.get_data(cache=False), at=config.clock())
        return _ocsp_response(answer, keepable=False)  # RFC 9110 section 9.3.3: no cache keeps answers to POST

    @app.get("/ocsp/<path:encoded>")
    def ocsp_by_get(encoded: str) -> Response:
        answer = config.desk.answer(_decode(encoded), at=config.clock())
        return _ocsp_response(answer, keepable=answer.keepable)

    @app.get("/<any(root, issuing):name>.crl")
    def revocation_list(name: str) -> Response:
        published = config.desk.find_list(Issuer(name))
        if published is None:
            abort(404)
        left_seconds = int((published.next_update - config.clock()).total_seconds())
        return _file(published.der, _CRL, seconds=max(0, min(CACHE_SECONDS, left_seconds)))

    @app.get("/<any(root, issuing):name>.cer")
    def certificate(name: str) -> Response:
        found = config.desk.find_certificate(Issuer(name))
        if found is None:
            abort(404)
        return _file(found.der, _CERTIFICATE, seconds=CERTIFICATE_CACHE_SECONDS)

    return app


def _decode(encoded: str) -> bytes:
    """Return the octets, none for what is no base64: no request, and so malformed to OCSP."""
    if len(encoded) > MAX_ENCODED_CHARACTERS:
        abort(414)
    try:
        return b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _ocsp_response(answer: OcspAnswer, *, keepable: bool) -> Response:
    if keepable:
        return _file(answer.der, _OCSP_RESPONSE, seconds=CACHE_SECONDS)
    response = Response(answer.der, mimetype=_OCSP_RESPONSE)
    response.headers["Cache-Control"] = "no-store"
    return response


def _file(octets: bytes, mimetype: str, *, seconds: int) -> Response:
    response = Response(octets, mimetype=mimetype)
    response.headers["Cache-Control"] = f"public, max-age={seconds}, no-transform, must-revalidate"
    response.set_etag(sha256(octets).hexdigest()[:32])
    response.make_conditional(request)
    return response
