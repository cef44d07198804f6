"""The bridge's API as a Flask application (docs/contracts.md, "webbridge: HTTP")."""

from __future__ import annotations

from flask import Flask

from webbridge.blueprints import directory, enrolment, folders, messages, pki, send, session, settings
from webbridge.config import BridgeConfig, host_of
from webbridge.errors import install_error_handlers
from webbridge.security import install_api_security
from webbridge.services import install_services


def create_app(config: BridgeConfig) -> Flask:
    """Return the API for one configuration. It has no static files and no pages: those have an origin of their own."""
    app = Flask("webbridge", static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = config.max_message_bytes
    # A page whose name resolves to this address (DNS rebinding) still sends its own Host.
    app.config["TRUSTED_HOSTS"] = [host_of(config.api_origin)]
    # A path with slashes side by side would lead to another folder.
    app.url_map.merge_slashes = False
    app.url_map.converters["folder"] = messages.FolderConverter
    install_error_handlers(app)
    install_api_security(app, config)
    install_services(app, config)
    for module in (settings, session, folders, messages, send, directory, pki, enrolment):
        app.register_blueprint(module.blueprint, url_prefix="/api")
    return app
