"""The address for monitoring is that at which a request arrives, whatever the request says of itself."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.support.servers.own_process import bridge_file, running, sealwax
from tests.support.servers.ports import free_port
from webbridge.demo.mail_server import MemoryMailServer

pytestmark = [pytest.mark.server, pytest.mark.thorough]


def ask(listen: str, path: str, host: str) -> tuple[int, bytes]:
    """The status and the whole answer of a service at an address."""
    is_unix = listen.startswith("unix:")
    with socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET) as connection:
        connection.settimeout(20)
        name, _, port = listen.rpartition(":")
        connection.connect(listen.removeprefix("unix:") if is_unix else (name, int(port)))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            whole = answer.read()
    return int(whole.split()[1]), whole


@pytest.mark.parametrize("unix", ["server.listen", "watch.listen"])
def test_no_host_of_a_request_opens_the_address_for_monitoring(
    tmp_path: Path, memory_server: MemoryMailServer, unix: str
) -> None:
    listen = {"server.listen": f"127.0.0.1:{free_port()}", "watch.listen": f"127.0.0.1:{free_port()}"}
    port = next(address for name, address in listen.items() if name != unix)
    listen[unix] = f"unix:{tmp_path / 'socket'}"
    public, watch = listen["server.listen"], listen["watch.listen"]
    origins = {"api_origin": "http://127.0.0.1:8461", "pages_origin": "http://127.0.0.1:8460"}
    origins["key_server_origin"] = "http://127.0.0.1:8462"
    values = {name: json.dumps(value) for name, value in (origins | listen).items()} | {"server.workers": "1"}
    file = bridge_file(tmp_path, values, memory_server.address)
    assert sealwax("bridge", "init", "--config", str(file)).returncode == 0
    with running("bridge", "serve", "--config", str(file), folder=tmp_path, answers=f"http://{port}/health"):
        assert ask(public, "/api/health", "127.0.0.1:8461")[0] == 200
        for host in ("127.0.0.1:8461", watch.removeprefix("unix:"), port, "unix:", tmp_path.name):
            status, answer = ask(public, "/metrics", host)
            assert status in (400, 404)
            assert b"sealwax_request_seconds" not in answer
        for host in ("127.0.0.1:8461", "localhost"):
            assert ask(watch, "/health", host)[0] == 200
            assert b"sealwax_request_seconds" in ask(watch, "/metrics", host)[1]
