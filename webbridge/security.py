"""Security headers, exact-origin CORS and the defence against cross-site requests, for the API and for the pages.

State changes only with the header `X-Sealwax: 1`: no form can set it, and a script of another origin needs a CORS
preflight for it, which only the pages' origin passes. SameSite alone would not do: every port of a host is one site.
"""

from __future__ import annotations

from flask import Flask, Response, request
from flask_talisman import Talisman

from roaming_keys.proxies import install_proxies
from webbridge.config import BridgeConfig, PagesConfig, is_https
from webbridge.errors import ApiError

CSRF_HEADER = "X-Sealwax"
RECIPIENTS_HEADER = "X-Sealwax-Recipients"
ACCOUNT_HEADER = "X-Sealwax-Account"
"""Whose session it is, percent-encoded: of the request by the page's belief, of the answer by the cookie."""
PREFLIGHT_SECONDS = 600
_FOR_EXTENSIONS = frozenset({"directory.find_certificates"})
_EXTENSION_SCHEMES = ("chrome-extension://", "moz-extension://")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FEATURES = ("browsing-topics", "camera", "display-capture", "geolocation", "microphone", "payment", "usb")
_API_CSP = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'"}


def install_api_security(app: Flask, config: BridgeConfig) -> None:
    """Add headers, CORS and the cross-site check to the API."""
    _install_talisman(app, _API_CSP, https=is_https(config.api_origin))
    install_proxies(app, config.trusted_proxies)

    @app.before_request
    def refuse_other_sites() -> None:
        origin = request.headers.get("Origin", config.pages_origin)
        if origin != config.pages_origin and not _is_extension_at_its_door(origin):
            raise ApiError(403, "wrong-origin", "This address is not open to that site.")
        if request.method not in _SAFE_METHODS and request.headers.get(CSRF_HEADER) != "1":
            raise ApiError(403, "wrong-origin", f"The header {CSRF_HEADER} is missing.")

    @app.after_request
    def allow_pages(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.vary.add("Origin")
        if request.headers.get("Origin") == config.pages_origin:
            _allow_origin(response, config.pages_origin)
        return response


def _is_extension_at_its_door(origin: str) -> bool:
    """Whether a browser extension looks up certificates.

    No web page has such an origin. An extension's request carries the session's cookie only where the person has
    granted it this site, and no CORS header lets another one read the answer.
    """
    return request.endpoint in _FOR_EXTENSIONS and origin.startswith(_EXTENSION_SCHEMES)


def install_pages_security(app: Flask, config: PagesConfig) -> None:
    """Add the headers of the static origin: its own code, WebAssembly, and connections to API and key server."""
    policy = {
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
    _install_talisman(app, policy, https=is_https(config.pages_origin))
    install_proxies(app, config.trusted_proxies)

    @app.after_request
    def isolate(response: Response) -> Response:
        # An error that a cache keeps would outlive its cause.
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return response


def _install_talisman(app: Flask, policy: dict[str, str], *, https: bool) -> None:
    Talisman(
        app,
        content_security_policy=policy,
        force_https=https,
        frame_options="DENY",
        permissions_policy=dict.fromkeys(_FEATURES, "()"),
        referrer_policy="no-referrer",
        session_cookie_samesite="Strict",
    )


def _allow_origin(response: Response, origin: str) -> None:
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Allow-Credentials"] = "true"
    response.headers["Access-Control-Expose-Headers"] = f"Retry-After, {ACCOUNT_HEADER}"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, DELETE"
        allowed = ("Content-Type", CSRF_HEADER, RECIPIENTS_HEADER, ACCOUNT_HEADER)
        response.headers["Access-Control-Allow-Headers"] = ", ".join(allowed)
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
