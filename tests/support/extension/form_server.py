"""The example server for signed forms (docs/examples/form_server), on loopback."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from smime_core.x509.certificate import Certificate, parse_certificate
from tests.support.browser.browsers import Browser
from tests.support.extension.field_pages import People
from tests.support.project import ROOT

EXAMPLE = ROOT / "docs/examples/form_server/app.py"


def load_example(database: Path, anchors: tuple[Certificate, ...], *, origin: str = "") -> Flask:
    """Load the application of the example. `serving` sets its origin."""
    spec = importlib.util.spec_from_file_location("form_server_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    app: Flask = module.create_app(database, anchors, origin=origin)
    return app


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an application during the block. Yields its origin."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        app.config["ORIGIN"] = f"http://127.0.0.1:{server.port}"
        yield app.config["ORIGIN"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def database(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server") / "orders.sqlite3"


@pytest.fixture(scope="module")
def shop(people: People, database: Path) -> Iterator[str]:
    """The origin of the running example server."""
    anchor = parse_certificate((people.folder / "ca.der").read_bytes())
    with serving(load_example(database, (anchor,))) as origin:
        yield origin
