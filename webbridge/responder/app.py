"""The responder of a small CA over plain HTTP: OCSP (RFC 6960 appendix A), revocation lists and certificates.

All answers are signed or public. The responder stores nothing about its clients.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from flask import Flask, Response, abort, request

from sealwax.authority.answering import AuthorityResponder, OcspAnswer
from sealwax.authority.register import Issuer
from sealwax.service import ServiceError, install_error_handlers, now
from smime_core.limits import MAX_OCSP_REQUEST_BYTES

# HTTP caches may keep an answer for this time. Answers are valid longer, but a cached answer may hide a new revocation.
CACHE_SECONDS = 60 * 60
CERTIFICATE_CACHE_SECONDS = 24 * 60 * 60
MAX_ENCODED_CHARACTERS = MAX_OCSP_REQUEST_BYTES * 4 // 3 + 4
_OCSP_REQUEST = "application/ocsp-request"
_OCSP_RESPONSE = "application/ocsp-response"
_CRL = "application/pkix-crl"  # RFC 2585 section 4
_CERTIFICATE = "application/pkix-cert"


def create_authority_app(responder: AuthorityResponder, clock: Callable[[], datetime] = now) -> Flask:
    """Return the responder of one CA."""
    app = Flask("webbridge.authority", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_OCSP_REQUEST_BYTES
    # Base64 in a path may have adjacent slashes, which must not be merged.
    app.url_map.merge_slashes = False
    install_error_handlers(app)

    @app.after_request
    def never_sniffed(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    views = _Views(responder, clock)
    app.post("/ocsp")(views.ocsp_by_post)
    app.get("/ocsp/<path:encoded>")(views.ocsp_by_get)
    app.get("/<any(root, issuing):name>.crl")(views.revocation_list)
    app.get("/<any(root, issuing):name>.cer")(views.certificate)
    return app


class _Views:
    """The views of the routes. `responder` gives the CA's OCSP answers, revocation lists and certificates."""

    def __init__(self, responder: AuthorityResponder, clock: Callable[[], datetime]) -> None:
        self._responder = responder
        self._clock = clock

    def ocsp_by_post(self) -> Response:
        """Answer the OCSP request in the body."""
        if request.mimetype != _OCSP_REQUEST:
            raise ServiceError(415, "bad-request", f"The request is not {_OCSP_REQUEST}.")
        answer = self._responder.answer(request.get_data(cache=False), at=self._clock())
        return _ocsp_response(answer, keepable=False)  # RFC 9110 section 9.3.3: no cache keeps answers to POST

    def ocsp_by_get(self, encoded: str) -> Response:
        """Answer the OCSP request in the path, which is in base64."""
        answer = self._responder.answer(_decode(encoded), at=self._clock())
        return _ocsp_response(answer, keepable=answer.keepable)

    def revocation_list(self, name: str) -> Response:
        """Return the newest CRL of an issuer."""
        published = self._responder.find_list(Issuer(name))
        if published is None:
            abort(404)
        left_seconds = int((published.next_update - self._clock()).total_seconds())
        return _file(published.der, _CRL, seconds=max(0, min(CACHE_SECONDS, left_seconds)))

    def certificate(self, name: str) -> Response:
        """Return the certificate of an issuer."""
        certificate = self._responder.find_certificate(Issuer(name))
        if certificate is None:
            abort(404)
        return _file(certificate.der, _CERTIFICATE, seconds=CERTIFICATE_CACHE_SECONDS)


def _decode(encoded: str) -> bytes:
    """Return the decoded bytes. Text that is no base64 becomes b"", which gets the answer "malformedRequest"."""
    if len(encoded) > MAX_ENCODED_CHARACTERS:
        abort(414)
    try:
        return b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _ocsp_response(answer: OcspAnswer, *, keepable: bool) -> Response:
    if keepable:
        return _file(answer.der, _OCSP_RESPONSE, seconds=CACHE_SECONDS)
    return Response(answer.der, mimetype=_OCSP_RESPONSE, headers={"Cache-Control": "no-store"})


def _file(data: bytes, mimetype: str, *, seconds: int) -> Response:
    response = Response(data, mimetype=mimetype)
    response.headers["Cache-Control"] = f"public, max-age={seconds}, no-transform, must-revalidate"
    response.set_etag(sha256(data).hexdigest()[:32])
    response.make_conditional(request)
    return response
