"""The key server as a Flask application: the routes of protocol 2 (docs/roaming_protocol.md).

The server sees public keys and encrypted records, never a passphrase or private key.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import entry_points

from flask import Flask, Response

from roaming_keys.protocol.key_account import LoginMethod
from roaming_keys.protocol.tickets import BadTicket
from roaming_keys.server.accounts.store import Store
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.master_key import KeyRing, ServerKeyError
from roaming_keys.server.notices.outbox import write_notice
from roaming_keys.server.notices.sender import OwnerNoticeSender
from roaming_keys.server.views.account import AccountViews
from roaming_keys.server.views.calls import add_routes
from roaming_keys.server.views.factors import FactorViews
from roaming_keys.server.views.groups import GroupViews
from roaming_keys.server.views.login import LoginViews
from roaming_keys.server.views.resets import ResetViews
from sealwax.service import (
    CrossOrigin,
    Health,
    create_application,
    error_response,
    host_of,
    install_cross_origin,
    install_health,
)
from smime_core.errors import MalformedMessage
from smime_core.text import MAX_SMALL_BYTES

_STORE = "roaming_keys.store"
_SENDER = "roaming_keys.notices"
_EXTENSIONS = "roaming_keys.server"
_ERROR_CODES = {413: "too-large", 415: "not-json"}


def create_app(config: KeyServerConfig) -> Flask:
    """Return the application. Raises ServerKeyError without a master key, or if the database belongs to another key."""
    tell_owner = None if config.notices is None else write_notice
    store = Store(config.database, KeyRing(config.key_source), tell_owner)
    store.trail.begin(store.database, config.clock())
    app = create_application("roaming_keys", config.origin, proxies=config.proxies, error_codes=_ERROR_CODES)
    app.config["TRUSTED_HOSTS"] = [host_of(origin) for origin in (config.origin, *config.addresses)]
    # The routes with a record raise this limit for themselves.
    app.config["MAX_CONTENT_LENGTH"] = MAX_SMALL_BYTES
    # Requests from pages carry no cookies (`with_cookies` stays False), because the server uses none.
    pages = CrossOrigin(
        origins=config.pages_origins,
        methods=("GET", "POST", "PUT", "DELETE"),
        request_headers=("Authorization", "Content-Type", "If-Match", "If-None-Match"),
        answer_headers=("ETag", "Retry-After"),
    )
    install_cross_origin(app, pages)
    _install_errors(app)
    install_health(app, Health(needed={"database": store.is_usable}))
    add_routes(app, _views(config, store))
    for install in _find_extensions():
        install(app, config, store)
    app.extensions[_STORE] = store
    if config.notices is not None:
        app.extensions[_SENDER] = OwnerNoticeSender(store.database, config.notices, config.clock)
    return app


def start_notices(app: Flask) -> None:
    """Begin to send the notices by mail, in this process, which must not fork afterwards."""
    sender = app.extensions.get(_SENDER)
    if sender is not None:
        sender.start()


def close_app(app: Flask) -> None:
    """Stop sending notices and close the database, after the application has stopped answering."""
    sender = app.extensions.get(_SENDER)
    if sender is not None:
        sender.stop()
    app.extensions[_STORE].close()


def _views(config: KeyServerConfig, store: Store) -> dict[str, Callable[..., Response]]:
    """Return the views of all routes except those of other packages."""
    logins, account, factors = LoginViews(config, store), AccountViews(config, store), FactorViews(config, store)
    groups, resets = GroupViews(config, store), ResetViews(config, store)
    return {
        "POST /parameters": logins.parameters,
        "POST /register": logins.register,
        "POST /login": partial(logins.start_session, LoginMethod.PASSPHRASE),
        "POST /recover": partial(logins.start_session, LoginMethod.RECOVERY_CODE),
        "GET /bundle": account.bundle,
        "PUT /bundle": account.push,
        "POST /passphrase": account.rotate,
        "GET /devices": account.devices,
        "DELETE /account": account.delete,
        "POST /export": account.note_export,
        "POST /factor": factors.prove,
        "GET /factors": factors.list,
        "POST /factors": factors.add,
        "DELETE /factors/<id>": factors.remove,
        "GET /groups": groups.list_groups,
        "GET /groups/<group>": groups.show_group,
        "PUT /groups/<group>": groups.store_group,
        "DELETE /groups/<group>": groups.end_group,
        "POST /reset": resets.start,
        "DELETE /reset": resets.stop,
        "POST /reset/find": resets.find,
        "POST /reset/finish": resets.finish,
        "POST /reset/parameters": resets.kept_parameters,
        "POST /reset/undo": partial(logins.start_session, LoginMethod.UNDO_BY_PASSPHRASE),
        "POST /reset/undo-by-code": partial(logins.start_session, LoginMethod.UNDO_BY_CODE),
    }


@cache
def _find_extensions() -> tuple[Callable[[Flask, KeyServerConfig, Store], None], ...]:
    """Return the functions with which other packages add their routes, found through entry points."""
    return tuple(point.load() for point in sorted(entry_points(group=_EXTENSIONS)))


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
