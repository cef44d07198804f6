"""The signing service over HTTP: one route, which takes an address and a request, and returns a certificate.

The only client is the bridge, which an attacker may control. Its requests are limited, and no refusal or error ends the
service.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Final

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import BadRequest

from sealwax.authority.certifying import AutomaticCertifier, Reason, RequestRefused
from sealwax.service import Gate, ServiceError, install_error_handlers, now, parse_body
from smime_core.limits import MAX_ADDRESS_CHARACTERS, MAX_CERTIFICATION_REQUEST_BYTES

PATH: Final = "/certificates"
MAX_BODY_BYTES: Final = MAX_CERTIFICATION_REQUEST_BYTES * 4 // 3 + 4096
MAX_AT_ONCE: Final = 4
_RETRY_SECONDS: Final = 2
_TEXTS: Final = {
    Reason.ADDRESS: (422, "This authority certifies no such address."),
    Reason.REQUEST: (422, "The request has no proof of its key, a key that is not certified, or another address."),
    Reason.KEY_USED: (409, "The key has another certificate. Make a new key."),
    Reason.ADDRESS_LIMIT: (429, "This address has got as many certificates as the authority issues at present."),
    Reason.DAY_LIMIT: (429, "The authority has issued as many certificates as it issues in a day."),
}


def create_certifier_app(certifier: AutomaticCertifier, clock: Callable[[], datetime] = now) -> Flask:
    """Return the signing service of one CA."""
    app = Flask("webbridge.certifier", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    install_error_handlers(app)
    gate = Gate(MAX_AT_ONCE, refusal="Too many requests are running.", retry_seconds=_RETRY_SECONDS)

    @app.post(PATH)
    def certify() -> Response:
        address, request_der = _read_order()
        with gate.one():
            return _certified(certifier, address, request_der, clock())

    return app


def _certified(certifier: AutomaticCertifier, address: str, request_der: bytes, at: datetime) -> Response:
    try:
        issued = certifier.certify(address, request_der, at=at)
    except RequestRefused as error:
        status, text = _TEXTS[error.reason]
        raise ServiceError(status, error.reason.value, text, error.wait_seconds or None) from None
    except OSError:  # Another command is using the CA's register, or the disk is full.
        raise ServiceError(503, "register-busy", "The register cannot be changed at the moment.") from None
    return jsonify(
        certificates=[b64encode(certificate.der).decode("ascii") for certificate in (issued.certificate, *issued.chain)]
    )


def _read_order() -> tuple[str, bytes]:
    """Return the address and the request in the body. Raises BadRequest or ServiceError."""
    members = parse_body(request.get_data())
    try:
        address, request_der = members["address"], b64decode(members["request"], validate=True)
    except (ValueError, TypeError, KeyError):
        raise BadRequest from None
    if not isinstance(address, str) or len(address) > MAX_ADDRESS_CHARACTERS:
        raise BadRequest
    return address, request_der
