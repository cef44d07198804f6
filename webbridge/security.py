"""Exact-origin CORS, the defence against cross-site requests, the limits of extensions, and the pages' CSP.

Requests change state only with the header `X-Sealwax: 1`. No form can set this header. A script of another origin needs
a CORS preflight for it, which only the pages' origin passes. The cookie attribute SameSite is not enough, because all
ports of a host are one site.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, g, request

from sealwax.releases.header_fields import CONNECT, ISOLATION, PAGES_POLICY, TRANSPORT, TRANSPORT_VALUE
from sealwax.service import CrossOrigin, ServiceError, allow_origin, install_cross_origin, is_https
from webbridge.callers import PAGES, Caller, find_extension, token_in
from webbridge.config import BridgeConfig, PagesConfig
from webbridge.login.cookies import ACCOUNT_HEADER

CSRF_HEADER = "X-Sealwax"
_FOR_EXTENSIONS = frozenset({"directory.find_certificates"})
"""The views for any extension. The pages' cookie comes along if the person allowed the extension to use this site."""
FOR_SIGNED_IN_EXTENSIONS: Final = frozenset(
    {
        "directory.find_certificates",
        "drafts.delete_draft",
        "drafts.keep_draft",
        "enrolment.make_ticket",
        "folders.list_folders",
        "messages.list_messages",
        "messages.raw_message",
        "messages.search",
        "send.look_for_copy",
        "send.send_message",
        "send.show_offers",
        "send.show_outcome",
        "send.withdraw_key",
        "session.sign_in",
        "session.sign_out",
        "session.who",
        "settings.show_config",
    }
)
"""The views for an extension with an allowed origin and its own session. Most other views are refused.

The extension sees only the folders for sent mail and for drafts (`mail_calls.folder_of`).
"""
_FOR_RECIPIENTS: Final = ("parcel_opening.", "parcel_abuse.", "parcel_keys.")
"""The views of a parcel's recipient, who has no session. Any extension may use them, because they read no cookie."""
_FOR_ANYBODY: Final = frozenset({"parcel_abuse.show_refusal", "parcel_abuse.answer_refusal"})
"""The views whose URL has a token, which is all they need. Mail programs request the URL without X-Sealwax."""
_FOR_SENDERS: Final = ("parcels.", "parcel_uploads.")
"""The views of a sender. A program may use them with its own token, an extension with its session."""
_BEARER: Final = "bearer "
_EXTENSION_SCHEMES = ("chrome-extension://", "moz-extension://")
_PARCEL_METHODS: Final = ("PATCH", "HEAD")
_PARCEL_REQUEST_HEADERS: Final = (
    *("Authorization", "Idempotency-Key", "Range", "If-Range"),
    *("Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset"),
)
_PARCEL_ANSWER_HEADERS: Final = (
    *("Accept-Ranges", "Content-Range", "ETag", "Location"),
    *("Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Upload-Offset", "Upload-Length"),
)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def install_api_security(app: Flask, config: BridgeConfig) -> None:
    """Add CORS and the cross-site check to the API."""
    has_parcels = config.parcels is not None
    install_cross_origin(
        app,
        CrossOrigin(
            origins=(config.pages_origin,),
            methods=("GET", "POST", "PUT", "DELETE", *(_PARCEL_METHODS if has_parcels else ())),
            request_headers=(
                *("Content-Type", CSRF_HEADER, ACCOUNT_HEADER),
                *(_PARCEL_REQUEST_HEADERS if has_parcels else ()),
            ),
            answer_headers=("Retry-After", ACCOUNT_HEADER, *(_PARCEL_ANSWER_HEADERS if has_parcels else ())),
            with_cookies=True,
        ),
    )
    if has_parcels:
        _let_extensions_open_parcels(app)

    @app.before_request
    def refuse_other_sites() -> None:
        if request.endpoint in _FOR_ANYBODY:
            g.caller = PAGES
            return
        g.caller = _find_caller(config)
        if request.method not in _SAFE_METHODS and request.headers.get(CSRF_HEADER) != "1" and not has_bearer_token():
            raise ServiceError(403, "wrong-origin", f"The header {CSRF_HEADER} is missing.")
        if g.caller.is_extension and not _is_for_extensions(request.endpoint or ""):
            raise ServiceError(403, "not-allowed", "An extension may not ask this. Use the bridge's pages.")


def _let_extensions_open_parcels(app: Flask) -> None:
    """Let any extension read the answers to a parcel's recipient. The requests of recipients need no cookie."""
    allowed = CrossOrigin(
        origins=(),
        methods=("GET", "HEAD", "POST"),
        request_headers=("Content-Type", CSRF_HEADER, *_PARCEL_REQUEST_HEADERS),
        answer_headers=("Retry-After", *_PARCEL_ANSWER_HEADERS),
    )

    @app.after_request
    def allow_extension(response: Response) -> Response:
        origin = request.headers.get("Origin", "")
        if (request.endpoint or "").startswith(_FOR_RECIPIENTS) and origin.startswith(_EXTENSION_SCHEMES):
            allow_origin(response, origin, allowed)
        return response


def caller() -> Caller:
    """Return the sender of the current request."""
    sender = g.caller
    if not isinstance(sender, Caller):
        raise TypeError("the application has no security installed")
    return sender


def has_bearer_token() -> bool:
    """Return whether the request is for a view of senders, and has a token in the header Authorization.

    No form can set that header. A script of another site needs a preflight for it, which is refused.
    """
    header = request.headers.get("Authorization", "")
    return header[: len(_BEARER)].lower() == _BEARER and (request.endpoint or "").startswith(_FOR_SENDERS)


def bearer_token() -> str:
    """Return the token of a request that has one."""
    return request.headers.get("Authorization", "")[len(_BEARER) :].strip()


def _is_for_extensions(endpoint: str) -> bool:
    return endpoint in FOR_SIGNED_IN_EXTENSIONS or endpoint.startswith((*_FOR_RECIPIENTS, *_FOR_SENDERS))


def _find_caller(config: BridgeConfig) -> Caller:
    """Return the sender of the request. Raises ServiceError for other sites and other extensions."""
    origin = request.headers.get("Origin", config.pages_origin)
    extension = find_extension(request, config.extension_origins)
    if _is_extension_at_view_without_session(origin) and not token_in(request):
        return PAGES
    if has_bearer_token() and origin.startswith(_EXTENSION_SCHEMES):
        return PAGES  # Only the token counts, as for a program outside a browser.
    if extension is None and (origin != config.pages_origin or token_in(request)):
        raise ServiceError(403, "wrong-origin", "This address is not open to that site.")
    return extension or PAGES


def _is_extension_at_view_without_session(origin: str) -> bool:
    """Return whether the request is from a browser extension, for a view that needs no session.

    Such a view searches for certificates or opens a parcel. No web page has an extension's origin. An extension's
    request has the session's cookie only if the user has allowed the extension to use this site. No CORS header lets
    other extensions read the answer.
    """
    is_open = request.endpoint in _FOR_EXTENSIONS or (request.endpoint or "").startswith(_FOR_RECIPIENTS)
    return is_open and origin.startswith(_EXTENSION_SCHEMES)


def pages_policy(config: PagesConfig) -> dict[str, str]:
    """Return the policy of the static origin: its own code, WebAssembly, and connections to the configured servers."""
    discovery, store = config.discovery, config.parcel_store_origin
    sources = (
        *(() if discovery is None else (discovery.origin, *discovery.key_servers)),
        *(() if store is None else (store,)),
    )
    return {**PAGES_POLICY, CONNECT: " ".join(("'self'", config.api_origin, config.key_server_origin, *sources))}


def pages_fields(config: PagesConfig) -> dict[str, str]:
    """Return the other header fields with rules for browsers. `sealwax verify-pages` expects the same fields."""
    return {**ISOLATION, TRANSPORT: TRANSPORT_VALUE} if is_https(config.pages_origin) else ISOLATION
