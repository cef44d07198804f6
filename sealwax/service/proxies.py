"""The proxies in front of a service, whose headers about the client are trusted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def install_proxies(app: Flask, count: int) -> None:
    """Trust the X-Forwarded headers of `count` proxies, and of no other client.

    Talisman reads X-Forwarded-Proto from any client, so the header is removed after the trusted part was read.
    """
    inner: WSGIApplication = app.wsgi_app

    def without_forwarded_proto(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop("HTTP_X_FORWARDED_PROTO", None)
        return inner(environ, start_response)

    outer: WSGIApplication = without_forwarded_proto
    if count:
        outer = ProxyFix(without_forwarded_proto, x_for=count, x_proto=count, x_host=count)
    app.wsgi_app = outer  # type: ignore[method-assign,assignment]
