"""The key server as a Flask application: the routes of protocol 2 (docs/roaming_protocol.md).

The server sees public login keys, bundles and wraps, never a passphrase or private key. A user who is not registered
gets the same answers, in the same time, as a registered user with a wrong passphrase.
"""

from __future__ import annotations

import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from flask import Flask, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from roaming_keys.config import KeyServerConfig
from roaming_keys.protocol import login_record, normalise_user
from roaming_keys.server_keys import Sealed, ServerKeyError, ServerKeys, load_master_key
from roaming_keys.store import Account, AccountExists, Store, UsedBefore
from roaming_keys.tickets import BadTicket, check_ticket
from roaming_keys.wire import MAX_RECORD_BYTES, Login, LoginTerms, Parameters, ParametersRequest, Registration
from sealwax.service import (
    CrossOrigin,
    ServiceError,
    client_network,
    create_application,
    error_response,
    install_cross_origin,
)
from sealwax.service.health import Health, install_health
from smime_core.errors import MalformedMessage

MAX_CLOCK_SECONDS = 300
_ERROR_CODES = {413: "too-large", 415: "not-json"}


def create_app(config: KeyServerConfig) -> Flask:
    """Return the application. Raises ServerKeyError without a master key, or if the database belongs to another key."""
    keys = ServerKeys(load_master_key(config.database) if config.master_key is None else config.master_key)
    store = Store(config.database, forget_after=config.forget_failures_after)
    if not store.belongs_to(keys.fingerprint):
        raise ServerKeyError("the database belongs to another master key: start with the key that it was made with")
    app = create_application("roaming_keys", config.origin, proxies=config.proxies, error_codes=_ERROR_CODES)
    app.config["MAX_CONTENT_LENGTH"] = MAX_RECORD_BYTES
    # Requests from pages carry no cookies (`with_cookies` stays False), because the server uses none.
    pages = CrossOrigin(
        origins=config.pages_origins,
        methods=("POST",),
        request_headers=("Content-Type",),
        answer_headers=("Retry-After",),
    )
    install_cross_origin(app, pages)
    _install_errors(app)
    install_health(app, Health(needed={"database": store.is_usable}))
    views = _Views(config, keys, store)
    app.post("/parameters")(views.parameters)
    app.post("/register")(views.register)
    app.post("/login")(views.login)
    return app


class _Views:
    """The three routes, over one store and the server's keys."""

    def __init__(self, config: KeyServerConfig, keys: ServerKeys, store: Store) -> None:
        self._config = config
        self._keys = keys
        self._store = store
        # No login is right for it.
        false_key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        self._false_login_key = keys.seal(Sealed.LOGIN_KEY, false_key, user="")

    def parameters(self) -> Response:
        """Return the parameters for stretching a user's passphrase, or false ones if the user is not registered."""
        user = normalise_user(ParametersRequest.from_json(_json_body()).user)
        # Both are computed for every user, so that the time does not reveal who is registered.
        false_parameters = Parameters(salt=self._keys.false_salt(user))
        account = self._store.find_account(user)
        terms = LoginTerms(
            parameters=account.parameters if account else false_parameters,
            nonce=self._keys.make_nonce(user, self._config.clock()),
        )
        return _json_response(terms.to_json())

    def register(self) -> Response:
        """Store the account of a user whose ticket is valid."""
        registration = Registration.from_json(_json_body())
        user = normalise_user(registration.user)
        at = self._config.clock()
        ticket = check_ticket(
            self._config.ticket_key, registration.ticket, audience=self._config.origin, user=user, at=at
        )
        account = Account(
            user=user,
            parameters=registration.parameters,
            login_key=self._keys.seal(Sealed.LOGIN_KEY, registration.login_key, user),
        )
        sealed = self._keys.seal(Sealed.RECORD, registration.sealed.to_json(), user)
        try:
            self._store.add_account(account, sealed, ticket, at)
        except UsedBefore:
            raise BadTicket from None
        except AccountExists:
            raise ServiceError(409, "exists", "This address is registered already.") from None
        return _json_response(b"{}", status=201)

    def login(self) -> Response:
        """Return the bundle of a user whose login key has signed. The attempt is counted before that is checked."""
        attempt = Login.from_json(_json_body())
        user = normalise_user(attempt.user)
        at = self._config.clock()
        # Neither says anything about the passphrase, so neither is counted.
        _check_clock(attempt, at)
        nonce_ends = self._keys.check_nonce(attempt.nonce, user, at)
        if nonce_ends is None:
            raise ServiceError(409, "login-too-late", "The login took too long. Log in again.")
        network = client_network(request.remote_addr)
        # Failed logins by strangers make the account wait. On a network from which its owner has logged in before, only
        # failed logins from that network count.
        own_network = self._keys.counter_name("account and network", f"{network} {user}")
        is_known = self._store.knows_network(own_network, at)
        account_counter = (own_network if is_known else self._keys.counter_name("account", user)).hex()
        network_counter = self._keys.counter_name("network", network).hex()
        network_rule = self._config.network_backoff
        failed = self._store.failed_logins
        failed.start({account_counter: self._config.account_backoff, network_counter: network_rule}, at)
        if not self._is_right(attempt, user):
            raise ServiceError(401, "login-refused", "The address or the passphrase is not right.")
        try:
            self._store.use_nonce(attempt.nonce, nonce_ends, at)
        except UsedBefore:
            raise ServiceError(409, "login-too-late", "This login was sent before. Log in again.") from None
        failed.succeeded(own=account_counter, shared=network_counter, rule=network_rule)
        self._store.remember_network(own_network, at)
        return _json_response(self._keys.unseal(Sealed.RECORD, self._store.find_sealed(user), user))

    def _is_right(self, attempt: Login, user: str) -> bool:
        account = self._store.find_account(user)
        # For a user who is not registered, the same is done with a false key, so that it takes equal time.
        sealed, owner = (account.login_key, user) if account else (self._false_login_key, "")
        key = Ed25519PublicKey.from_public_bytes(self._keys.unseal(Sealed.LOGIN_KEY, sealed, owner))
        record = login_record(self._config.origin, user, attempt.nonce, attempt.at)
        try:
            key.verify(attempt.signature, record)
        except InvalidSignature:
            return False
        return account is not None


def _check_clock(attempt: Login, at: datetime.datetime) -> None:
    wrong_seconds = attempt.at - at.timestamp()
    if abs(wrong_seconds) > MAX_CLOCK_SECONDS:
        minutes = round(abs(wrong_seconds) / 60)
        direction = "fast" if wrong_seconds > 0 else "slow"
        text = f"The clock of this device is {minutes} minutes {direction}. Correct it, and log in again."
        raise ServiceError(400, "clock-wrong", text)


def _install_errors(app: Flask) -> None:
    @app.errorhandler(MalformedMessage)
    def malformed(error: MalformedMessage) -> Response:
        return error_response(400, error.code, str(error))

    @app.errorhandler(BadTicket)
    def bad_ticket(error: BadTicket) -> Response:
        return error_response(403, error.code, str(error))

    @app.errorhandler(ServerKeyError)
    def server_key(_: ServerKeyError) -> Response:
        return error_response(500, "server-error", "The key server cannot read this account's record.")


def _json_body() -> bytes:
    # This type is required, because a browser lets a foreign page post it only after a CORS preflight.
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("expected application/json")
    return request.get_data(cache=False)


def _json_response(body: bytes, *, status: int = 200) -> Response:
    return Response(body, status, mimetype="application/json")
