"""The bridge's API as a Flask application (docs/contracts.md, "webbridge: HTTP")."""

from __future__ import annotations

from flask import Flask

from sealwax.service import create_application, install_prefix
from sealwax.service.health import install_health
from webbridge.blueprints import (
    access,
    accounts,
    changes,
    copies,
    directory,
    drafts,
    enrolment,
    filters,
    folders,
    health,
    kept_files,
    kept_uploads,
    messages,
    openapi,
    parcel_abuse,
    parcel_keys,
    parcel_opening,
    parcel_tokens,
    parcel_uploads,
    parcels,
    pki,
    push,
    reload_half,
    send,
    session,
    sessions,
    settings,
    timestamps,
)
from webbridge.config import BridgeConfig
from webbridge.errors import install_gateway_errors
from webbridge.security import install_api_security
from webbridge.services import install_services, services_of


def create_app(config: BridgeConfig) -> Flask:
    """Return the API for one configuration. It has no static files and no pages, which have a separate origin."""
    app = create_application("webbridge", config.api_origin, proxies=config.trusted_proxies)
    app.config["MAX_CONTENT_LENGTH"] = config.max_message_bytes
    install_gateway_errors(app)
    install_api_security(app, config)
    install_services(app, config)
    install_prefix(app, config.api_prefix)
    install_health(app, services_of(app).health())
    modules = (
        health,
        settings,
        session,
        sessions,
        accounts,
        reload_half,
        folders,
        access,
        messages,
        changes,
        copies,
        send,
        drafts,
        filters,
        directory,
        pki,
        timestamps,
        enrolment,
        push,
    )
    parcel_modules = (parcels, parcel_uploads, parcel_tokens, parcel_opening, parcel_keys, parcel_abuse, openapi)
    keeps_files = config.parcels is not None and config.parcels.max_kept_files > 0
    for module in (
        *modules,
        *(parcel_modules if config.parcels is not None else ()),
        *((kept_files, kept_uploads) if keeps_files else ()),
    ):
        app.register_blueprint(module.blueprint, url_prefix="/api")
    return app


def start_notices(app: Flask) -> None:
    """Send the notices about parcels from now on, in this process. After this call the process must not fork."""
    protection = services_of(app).protection
    if protection is not None:
        protection.start()
