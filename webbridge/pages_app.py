"""The static origin of the pages. It serves files only, without cookies, uploads, or answers that depend on the user.

`/config.json` is the only file that is not on the disk. It names the servers, which are fixed at the start.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path

from flask import Flask, Response, abort, jsonify, request, send_file
from werkzeug.security import safe_join

from sealwax.service import create_application
from webbridge.config import PagesConfig
from webbridge.security import pages_fields, pages_policy

_PACKAGE = Path(__file__).parent
# In an installed wheel the built pages are in the package. In a checkout they are in the build's folder.
_IN_PACKAGE = _PACKAGE / "built_pages"
BUILT_PAGES = _IN_PACKAGE if _IN_PACKAGE.is_dir() else _PACKAGE.parent / "dist" / "pages"

# The MIME tables of operating systems differ, and browsers run a module or a Worker only with the right type.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".zip": "application/zip",
}
_OTHER_TYPE = "application/octet-stream"
_ENTITY_TAG = re.compile(r'"[!#-~]*"')
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


def create_pages_app(config: PagesConfig) -> Flask:
    """Return the application that serves the build's pages folder."""
    app = create_application(
        "webbridge.pages",
        config.pages_origin,
        proxies=config.trusted_proxies,
        policy=pages_policy(config),
        fields=pages_fields(config),
    )
    app.before_request(_forget_dates)

    @app.get("/config.json")
    def config_json() -> Response:
        response = jsonify(_configuration(config))
        response.headers["Cache-Control"] = "no-cache"
        return response

    @app.get("/", defaults={"name": "index.html"})
    @app.get("/<path:name>")
    def page_file(name: str) -> Response:
        return _serve(config.folder, name)

    return app


def _configuration(config: PagesConfig) -> dict[str, object]:
    store, discovery = config.parcel_store_origin, config.discovery
    return {
        "api": config.api_origin + config.api_prefix,
        "keyServer": config.key_server_origin,
        **({} if store is None else {"parcelStore": store}),
        **(
            {}
            if discovery is None
            else {"discovery": {"key": discovery.key, "url": discovery.url, "keyServers": list(discovery.key_servers)}}
        ),
    }


def _serve(folder: Path, name: str) -> Response:
    path = _existing(folder, name)
    if path is None:
        abort(404)
    encoding, stored = _choose_encoding(folder, name, path)
    response = send_file(
        stored.resolve(),
        mimetype=_TYPES.get(path.suffix, _OTHER_TYPE),
        conditional=True,
        etag=_content_hash(stored, stored.stat().st_mtime_ns, stored.stat().st_ctime_ns),
    )
    if encoding is not None:
        response.headers["Content-Encoding"] = encoding
    # A reproducible build gives all files the same time, so only the ETag shows whether a file has changed.
    del response.headers["Last-Modified"]
    response.vary.add("Accept-Encoding")
    # With no-cache, browsers ask before each use whether the file has changed. File names contain no hash of the
    # content, and old modules do not work with new modules.
    response.headers["Cache-Control"] = "no-cache"
    return response


def _forget_dates() -> None:
    """Remove the conditions on dates, which the ETag replaces (RFC 9110 sections 13.1.3 to 13.1.5)."""
    for name in ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"):
        request.environ.pop(name, None)
    if not _ENTITY_TAG.fullmatch(request.environ.get("HTTP_IF_RANGE", '""')):
        # If If-Range has no valid entity tag, the answer is the whole file.
        del request.environ["HTTP_IF_RANGE"]
        request.environ.pop("HTTP_RANGE", None)


def _choose_encoding(folder: Path, name: str, path: Path) -> tuple[str | None, Path]:
    """Return the smallest stored form that the browser accepts. Files are compressed only by the build."""
    for encoding, suffix in _ENCODINGS:
        if request.accept_encodings[encoding] > 0 and (stored := _existing(folder, name + suffix)):
            return encoding, stored
    return None, path


def _existing(folder: Path, name: str) -> Path | None:
    joined = safe_join(str(folder), name)
    if joined is None or any(part.startswith(".") for part in Path(name).parts):
        return None
    path = Path(joined)
    try:
        return path if path.is_file() else None
    except OSError:  # The name is too long for a file.
        return None


@lru_cache(maxsize=1024)
def _content_hash(path: Path, modified_ns: int, changed_ns: int) -> str:
    """Return an ETag of the content, cached until one of the file's times changes."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()[:32]
