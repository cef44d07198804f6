"""The proxies in front of a service, whose headers about the client are trusted."""

from __future__ import annotations

import logging
import mmap
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

_log = logging.getLogger("sealwax.proxies")
# One byte of memory that all workers of a service share. They are forks of the process that imports this module.
_untrusted = mmap.mmap(-1, 1)


def is_proxy_untrusted() -> bool:
    """Return whether a proxy, or a client, named an address in X-Forwarded-For although no proxy is trusted."""
    return _untrusted[0] != 0


def install_proxies(app: Flask, count: int) -> None:
    """Trust the X-Forwarded headers of `count` proxies, and of no other client.

    Talisman reads X-Forwarded-Proto from any client, so the header is removed after the trusted part was read.
    """
    inner: WSGIApplication = app.wsgi_app

    def without_forwarded_proto(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop("HTTP_X_FORWARDED_PROTO", None)
        return inner(environ, start_response)

    def noticing_proxies(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "HTTP_X_FORWARDED_FOR" in environ and not is_proxy_untrusted():
            _untrusted[0] = 1
            _log.error(
                "requests come with X-Forwarded-For, but trusted_proxies is 0: all clients count as one. Set"
                " trusted_proxies to the number of your proxies, or let nobody reach the service past them."
            )
        return without_forwarded_proto(environ, start_response)

    outer: WSGIApplication = noticing_proxies if not count else without_forwarded_proto
    if count:
        outer = ProxyFix(without_forwarded_proto, x_for=count, x_proto=count, x_host=count)
    app.wsgi_app = outer  # type: ignore[method-assign,assignment]
