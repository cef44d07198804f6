"""A key server on a free port of this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from werkzeug.serving import make_server

from roaming_keys.server.app import create_app
from roaming_keys.server.config import KeyServerConfig


@contextmanager
def serving(config: KeyServerConfig, wrap: Callable[[Any], Any] = lambda app: app) -> Iterator[KeyServerConfig]:
    """Serve by the configuration, with the origin that it gets. `wrap` may put faults around the application."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = replace(config, origin=f"http://127.0.0.1:{port}")
    server = make_server("127.0.0.1", port, wrap(create_app(config)), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield config
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
