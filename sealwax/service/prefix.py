"""A service below a path of its origin: `https://example.org/mail/api` in place of `https://api.example.org/api`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

_NOWHERE: Final = "/outside the prefix"  # A path without a route: the application answers 404 with all its headers.


def install_prefix(app: Flask, prefix: str) -> None:
    """Serve the routes below `prefix` (a checked path without a slash at its end), and nothing elsewhere.

    The proxy forwards the path unchanged. The prefix is not taken from a header, because a client could set that
    header.
    """
    if not prefix:
        return
    inner: WSGIApplication = app.wsgi_app

    def below(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        is_below = path.startswith(f"{prefix}/")
        environ["SCRIPT_NAME"] = prefix
        environ["PATH_INFO"] = path.removeprefix(prefix) if is_below else _NOWHERE
        return inner(environ, start_response)

    app.wsgi_app = below  # type: ignore[method-assign]
