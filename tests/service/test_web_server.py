"""The web server of demonstration and tests closes its files when a browser breaks off a transfer."""

from __future__ import annotations

import gc
import socket
import struct
import time
from pathlib import Path

import pytest
from flask import Flask, Response, send_file

from sealwax.service.web_server import serve

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@pytest.mark.server
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_a_file_is_closed_when_the_browser_resets_the_connection(tmp_path: Path) -> None:
    file = tmp_path / "script.js"
    file.write_bytes(bytes(100_000))
    app = Flask(__name__)

    @app.get("/")
    def send() -> Response:
        return send_file(file)

    bound = socket.create_server(("127.0.0.1", 0))
    address = bound.getsockname()
    with serve(app, bound):
        # The reset must arrive after the server's last write, but before it ends the request. One of these delays fits.
        for wait in range(40):
            with socket.create_connection(address) as browser:
                browser.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                time.sleep(wait / 5_000)
                browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    # A file that was not closed causes a ResourceWarning here, which fails this test.
    gc.collect()
