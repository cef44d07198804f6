"""The example server for forms, on loopback, for the browser tests."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

from smime_core.certificate import Certificate

EXAMPLE = Path(__file__).parents[2] / "docs/examples/form_server/app.py"


def load_example(database: Path, anchors: tuple[Certificate, ...], *, origin: str = "") -> Flask:
    """The application of the example; `serving` knows its origin."""
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
    """Serve an application while the block runs; its origin."""
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
