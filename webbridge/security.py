"""Exact-origin CORS and the defence against cross-site requests for the API, and the pages' Content-Security-Policy.

State changes only with the header `X-Sealwax: 1`. No form can set it, and a script of another origin needs a CORS
preflight for it, which only the pages' origin passes. SameSite is not enough, because every port of a host is one site.
"""

from __future__ import annotations

from flask import Flask, request

from sealwax.service import CrossOrigin, ServiceError, install_cross_origin
from webbridge.config import BridgeConfig, PagesConfig

CSRF_HEADER = "X-Sealwax"
ACCOUNT_HEADER = "X-Sealwax-Account"
"""A percent-encoded address: in a request the account that the page shows, in an answer that of the session."""
_FOR_EXTENSIONS = frozenset({"directory.find_certificates"})
_EXTENSION_SCHEMES = ("chrome-extension://", "moz-extension://")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def install_api_security(app: Flask, config: BridgeConfig) -> None:
    """Add CORS and the cross-site check to the API."""
    install_cross_origin(
        app,
        CrossOrigin(
            origins=(config.pages_origin,),
            methods=("GET", "POST", "PUT", "DELETE"),
            request_headers=("Content-Type", CSRF_HEADER, ACCOUNT_HEADER),
            answer_headers=("Retry-After", ACCOUNT_HEADER),
            with_cookies=True,
        ),
    )

    @app.before_request
    def refuse_other_sites() -> None:
        origin = request.headers.get("Origin", config.pages_origin)
        if origin != config.pages_origin and not _is_extension_at_its_door(origin):
            raise ServiceError(403, "wrong-origin", "This address is not open to that site.")
        if request.method not in _SAFE_METHODS and request.headers.get(CSRF_HEADER) != "1":
            raise ServiceError(403, "wrong-origin", f"The header {CSRF_HEADER} is missing.")


def _is_extension_at_its_door(origin: str) -> bool:
    """Return whether a browser extension searches for certificates, which is the only request that extensions may send.

    No web page has such an origin. An extension's request has the session's cookie only if the user has allowed the
    extension to use this site, and no CORS header lets other extensions read the answer.
    """
    return request.endpoint in _FOR_EXTENSIONS and origin.startswith(_EXTENSION_SCHEMES)


def pages_policy(config: PagesConfig) -> dict[str, str]:
    """Return the policy of the static origin: its own code, WebAssembly, and connections to API and key server."""
    return {
        "default-src": "'none'",
        "script-src": "'self' 'wasm-unsafe-eval'",
        "worker-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": f"'self' {config.api_origin} {config.key_server_origin}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "sealwax",
    }
