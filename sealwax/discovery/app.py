"""The discovery service as a Flask application: the document of one domain, and the moves of its servers.

The document is public and signed, so each page may read it. docs/discovery_protocol.md describes both routes.
"""

from __future__ import annotations

import functools
import logging
from typing import Final

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from sealwax.discovery.config import DiscoveryConfig
from sealwax.discovery.publishing import DiscoveryKeyReplaced, MoveNotAllowed, Publisher
from sealwax.discovery.state_file import StateDamaged
from sealwax.service import audit, client_network, create_application, error_response, host_of
from sealwax.service.health import Health, install_health
from smime_core.errors import MalformedMessage, MoveNotNext, MoveRefused, SmimeError
from smime_core.limits import MAX_MOVE_BYTES
from smime_core.provider import CryptoProvider

WELL_KNOWN: Final = "/.well-known/sealwax-discovery.json"
_STATUSES: Final[dict[type[SmimeError], int]] = {
    MalformedMessage: 400,
    MoveNotNext: 409,
    MoveRefused: 403,
    MoveNotAllowed: 403,
}
_ERROR_CODES: Final = {413: "too-large", 415: "not-json"}
_log = logging.getLogger("sealwax.discovery")


def create_app(config: DiscoveryConfig, provider: CryptoProvider) -> Flask:
    """Return the application. Raises OSError, StateDamaged or DiscoveryKeyReplaced if it cannot sign the document."""
    publisher = Publisher(config, provider)
    publisher.current()
    app = create_application("discovery", config.origin, proxies=config.proxies, error_codes=_ERROR_CODES)
    # Requests come through the proxy of the service's host, or through the domain's web site. Each names its host.
    app.config["TRUSTED_HOSTS"] = [host_of(config.origin), config.domain]
    app.config["MAX_CONTENT_LENGTH"] = MAX_MOVE_BYTES
    install_health(app, Health(needed={"document": lambda: bool(publisher.current())}))
    _install_errors(app)

    @app.get(WELL_KNOWN)
    def document() -> Response:
        response = Response(_document_of(publisher), mimetype="application/json")
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    @app.post("/move")
    def move() -> Response:
        if request.mimetype != "application/json":
            raise UnsupportedMediaType("expected application/json")
        moved, published = publisher.move(request.get_data(cache=False))
        audit("server-moved", outcome=moved.address, client=client_network(request.remote_addr))
        return jsonify(number=published.number, moves=moved.counter, address=moved.address)

    return app


def _document_of(publisher: Publisher) -> bytes:
    try:
        return publisher.current()
    except (OSError, DiscoveryKeyReplaced) as error:
        # The published document is signed, so it may be sent until it expires.
        _log.error("the document cannot be signed anew: %s", error)
        return publisher.published()


def _refuse(status: int, error: SmimeError) -> Response:
    return error_response(status, error.code, str(error))


def _install_errors(app: Flask) -> None:
    for kind, status in _STATUSES.items():
        app.register_error_handler(kind, functools.partial(_refuse, status))

    @app.errorhandler(DiscoveryKeyReplaced)
    @app.errorhandler(OSError)
    @app.errorhandler(StateDamaged)
    def unable(error: Exception) -> Response:
        _log.error("the list cannot be published: %s", error)
        return error_response(503, "discovery-unavailable", "The service cannot publish at the moment.")
