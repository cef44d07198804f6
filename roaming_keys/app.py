"""The key server as a Flask application: the routes of protocol 1 (docs/contracts.md).

It sees auth_key, bundle and wraps, never a passphrase or private key. Users who are not registered get the same
answers, in the same time, as registered ones whose passphrase was wrong.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_talisman import Talisman
from werkzeug.exceptions import HTTPException, UnsupportedMediaType

from roaming_keys.client_network import client_network
from roaming_keys.config import KeyServerConfig
from roaming_keys.protocol import is_loopback, normalise_user
from roaming_keys.proxies import install_proxies
from roaming_keys.server_keys import ServerKeyError, ServerKeys, load_master_key
from roaming_keys.store import Account, AccountExists, Store
from roaming_keys.tickets import BadTicket, check_ticket
from roaming_keys.wire import MAX_RECORD_BYTES, Login, Parameters, ParametersRequest, Registration, error_json
from smime_core.errors import MalformedMessage

PREFLIGHT_SECONDS = 600
_HTTP_CODES = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "not-json", 500: "server-error"}


def create_app(config: KeyServerConfig) -> Flask:
    """The application. Raises ServerKeyError when the master key is not to be had or not the database's."""
    keys = ServerKeys(load_master_key(config.database) if config.master_key is None else config.master_key)
    store = Store(config.database, forget_after=config.forget_failures_after)
    if not store.belongs_to(keys.fingerprint):
        raise ServerKeyError("this database belongs to another master key")
    app = Flask("roaming_keys", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_RECORD_BYTES
    # A page whose name resolves to this address (DNS rebinding) still sends its own Host.
    app.config["TRUSTED_HOSTS"] = [urlsplit(config.origin).hostname or ""]
    _set_headers(app, config)
    install_proxies(app, config.proxies)
    _add_error_handlers(app)
    _add_routes(app, config, keys, store)
    return app


def _add_routes(app: Flask, config: KeyServerConfig, keys: ServerKeys, store: Store) -> None:
    @app.post("/parameters")
    def parameters() -> Response:
        user = normalise_user(ParametersRequest.from_json(_json_body()).user)
        # Both are computed for everybody, so that the time says nothing about who is registered.
        false_parameters = Parameters(salt=keys.false_salt(user))
        account = store.find_account(user)
        return _json_response((account.parameters if account else false_parameters).to_json())

    @app.post("/register")
    def register() -> Response:
        registration = Registration.from_json(_json_body())
        user = normalise_user(registration.user)
        check_ticket(config.ticket_key, registration.ticket, user=user, at=config.clock())
        store.add_account(
            Account(
                user=user,
                parameters=registration.parameters,
                verifier=keys.verifier(registration.auth_key),
            ),
            sealed=keys.seal(registration.sealed.to_json(), user=user),
        )
        return _json_response(b"{}", status=201)

    @app.post("/login")
    def login() -> Response:
        attempt = Login.from_json(_json_body())
        user = normalise_user(attempt.user)
        network = client_network(request.remote_addr)
        # Strangers can make an account wait for as long as they go on: where its owner has logged in before, only
        # what is tried from there counts.
        own_network = keys.counter_name("account and network", f"{network} {user}")
        is_known = store.knows_network(own_network, at=config.clock())
        account_counter = own_network if is_known else keys.counter_name("account", user)
        network_counter = keys.counter_name("network", network)
        counters = {account_counter: config.account_backoff, network_counter: config.network_backoff}
        wait_seconds = store.start_attempt(counters, at=config.clock())
        if wait_seconds:
            response = _error_response(429, "try-later", f"too many attempts: try again in {wait_seconds} seconds")
            response.headers["Retry-After"] = str(wait_seconds)
            return response
        account = store.find_account(user)
        # Users who are not there are compared too, with a verifier that no auth_key has.
        expected = account.verifier if account else bytes(32)
        is_right = hmac.compare_digest(keys.verifier(attempt.auth_key), expected)
        if account is None or not is_right:
            return _error_response(401, "login-refused", "the address or the passphrase is not right")
        store.forgive(account_counter, network_counter)
        store.remember_network(own_network, at=config.clock())
        return _json_response(keys.unseal(store.find_sealed(user), user=user))


def _add_error_handlers(app: Flask) -> None:
    @app.errorhandler(MalformedMessage)
    def malformed(error: MalformedMessage) -> Response:
        return _error_response(400, error.code, str(error))

    @app.errorhandler(BadTicket)
    def bad_ticket(error: BadTicket) -> Response:
        return _error_response(403, error.code, str(error))

    @app.errorhandler(AccountExists)
    def exists(_: AccountExists) -> Response:
        return _error_response(409, "exists", "this address is registered already")

    @app.errorhandler(ServerKeyError)
    def server_key(_: ServerKeyError) -> Response:
        return _error_response(500, "server-error", "the key server cannot read this account's record")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        return _error_response(status, _HTTP_CODES.get(status, "bad-request"), error.description or error.name)


def _set_headers(app: Flask, config: KeyServerConfig) -> None:
    own = urlsplit(config.origin)
    Talisman(
        app,
        force_https=not is_loopback(own.hostname or ""),
        content_security_policy={"default-src": "'none'", "frame-ancestors": "'none'", "base-uri": "'none'"},
        frame_options="DENY",
        referrer_policy="no-referrer",
        session_cookie_secure=True,
    )

    @app.after_request
    def allow_pages(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        # Exact origins alone, and no credentials: the server has no cookies.
        if origin in config.pages_origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "Retry-After"
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = "POST"
                response.headers["Access-Control-Allow-Headers"] = "Content-Type"
                response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response


def _json_body() -> bytes:
    # The type is demanded: it makes browsers ask first (CORS preflight) before a foreign page may post.
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("expected application/json")
    return request.get_data(cache=False)


def _json_response(body: bytes, *, status: int = 200) -> Response:
    return Response(body, status=status, mimetype="application/json")


def _error_response(status: int, code: str, message: str) -> Response:
    return _json_response(error_json(code, message), status=status)
