"""Security headers for every answer, and CORS for exact origins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import Flask, Response, g, request
from flask_talisman import Talisman

PREFLIGHT_SECONDS: Final = 600
API_POLICY: Final = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""The Content-Security-Policy of answers that are no pages."""
_FEATURES = ("browsing-topics", "camera", "display-capture", "geolocation", "microphone", "payment", "usb")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossOrigin:
    """The origins whose pages may read the answers, and the methods and headers of their requests."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    request_headers: tuple[str, ...]
    answer_headers: tuple[str, ...]
    with_cookies: bool = False


def install_security_headers(
    app: Flask, policy: Mapping[str, str], *, https: bool, fields: Mapping[str, str] | None = None
) -> None:
    """Add the headers to every answer. With `https`, plain HTTP is redirected, and browsers remember to use HTTPS.

    `fields` are further headers, and replace headers of the same name.
    """

    # Flask runs functions that are added later first, so this function runs last.
    @app.after_request
    def set_fields(response: Response) -> Response:
        response.headers.update(fields or {})
        if "own_policy" in g:
            response.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in g.own_policy)
        return response

    Talisman(
        app,
        content_security_policy=policy,
        force_https=https,
        frame_options="DENY",
        permissions_policy=dict.fromkeys(_FEATURES, "()"),
        referrer_policy="no-referrer",
        session_cookie_samesite="Strict",
    )

    @app.after_request
    def isolate(response: Response) -> Response:
        # Without no-store, a browser could show a cached error after its cause is gone.
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return response


def set_policy(policy: Mapping[str, str]) -> None:
    """Give the answer to the current request a Content-Security-Policy of its own, for a page among other answers."""
    g.own_policy = tuple(policy.items())


def install_cross_origin(app: Flask, allowed: CrossOrigin) -> None:
    """Let only pages of the allowed origins read the answers."""

    @app.after_request
    def allow_pages(response: Response) -> Response:
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin in allowed.origins:
            allow_origin(response, origin, allowed)
        return response


def allow_origin(response: Response, origin: str, allowed: CrossOrigin) -> None:
    """Let the pages of an origin read the answer, and send requests with the allowed methods and headers."""
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = ", ".join(allowed.answer_headers)
    if allowed.with_cookies:
        response.headers["Access-Control-Allow-Credentials"] = "true"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = ", ".join(allowed.methods)
        response.headers["Access-Control-Allow-Headers"] = ", ".join(allowed.request_headers)
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
