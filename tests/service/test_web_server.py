"""The web server of demonstration and tests: it closes files when a browser breaks off, and signals end it."""

from __future__ import annotations

import gc
import socket
import struct
import subprocess
import sys
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


def test_a_signal_that_another_thread_gets_ends_the_wait() -> None:
    """The kernel gives a signal to any thread that takes it. Python runs its handler in the main thread only."""
    program = """
import os, signal, threading
from sealwax.service import catch_ending_signals
wait = catch_ending_signals()
threading.Thread(target=lambda: signal.pause(), daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
wait()
print("ended")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "ended\n"
