"""The base of every service: a Flask application for one origin, with JSON errors and security headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, request

from sealwax.service.configuration import host_of, is_https
from sealwax.service.errors import install_error_handlers
from sealwax.service.headers import API_POLICY, install_security_headers
from sealwax.service.observation import current_route, install_observation
from sealwax.service.proxies import install_proxies
from sealwax.service.request_body import install_whole_bodies


def create_application(
    name: str,
    origin: str,
    *,
    proxies: int,
    policy: Mapping[str, str] = API_POLICY,
    fields: Mapping[str, str] | None = None,
    error_codes: Mapping[int, str] | None = None,
) -> Flask:
    """Return an application without routes, static files and templates, which answers only for the host of `origin`.

    `proxies` is the number of reverse proxies in front of the service, `policy` its Content-Security-Policy. `fields`
    are further header fields of every answer, and `error_codes` replaces the codes of errors with these HTTP statuses.
    """
    app = _Service(name, static_folder=None, template_folder=None)
    # Against DNS rebinding: the browser sends the domain that an enemy has pointed to this server, which is refused.
    app.config["TRUSTED_HOSTS"] = [host_of(origin)]
    install_error_handlers(app, error_codes)
    install_security_headers(app, policy, https=is_https(origin), fields=fields)
    install_proxies(app, proxies)
    install_observation(app)
    install_whole_bodies(app)
    return app


class _Service(Flask):
    def log_exception(self, exc_info: Any) -> None:
        """Log an unforeseen error with the pattern of the route. Flask would log the path, which may name a person."""
        self.logger.error("an unforeseen error in %s", current_route(request.environ), exc_info=exc_info)
