"""The examples for nginx and Caddy before real services: TLS, limits, errors as JSON, slow clients, a path prefix."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sealwax.operation.settings import load_settings
from tests.support.servers.bridge import naming, upload
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.servers.own_process import bridge_file, running, sealwax
from tests.support.servers.ports import free_port
from tests.support.servers.proxies import NGINX, Ports, origins, run_caddy, run_nginx
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.operation.settings import BridgeSettings

pytestmark = [pytest.mark.server, pytest.mark.thorough]

MESSAGE = b"From: alice@example.test\r\nTo: bob@example.test\r\nSubject: Supper\r\n\r\nAt eight.\r\n"
MAX_BYTES = 200_000
Runner = Callable[..., AbstractContextManager[None]]


@dataclass
class Client:
    """A browser at the pages' origin. It keeps the cookie of the session, with the path that the server gave it."""

    origin: str
    page: str
    context: ssl.SSLContext
    cookie: str = ""
    cookie_attributes: str = ""

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(self.origin)
        connection = http.client.HTTPSConnection("127.0.0.1", parts.port, timeout=30, context=self.context)
        sent = {"Host": parts.netloc, "Origin": self.page, "X-Sealwax": "1", "Content-Type": "application/json"}
        sent |= naming()
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        if self.cookie:
            sent["Cookie"] = self.cookie
        with contextlib.closing(connection):
            connection.request(method, path, body or None, sent)
            answer = connection.getresponse()
            fields = dict(answer.getheaders())
            for cookie in (field for field in answer.headers.get_all("Set-Cookie", []) if "-device=" not in field):
                self.cookie, _, self.cookie_attributes = cookie.partition("; ")
            return answer.status, fields, answer.read()

    def json(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        status, _, answer = self.ask(method, path, json.dumps(body).encode() if body is not None else b"", **headers)
        return status, json.loads(answer) if answer else None

    def sign_in(self, prefix: str) -> tuple[int, Any]:
        return self.json("POST", f"{prefix}/api/session", {"address": ALICE, "password": PASSWORDS[ALICE]})


@dataclass(frozen=True, kw_only=True)
class Stage:
    client: Client
    file: Path
    events_watch: str
    prefix: str
    api_listen: str
    ports: Ports
    pages_client: Client


@pytest.fixture(params=["nginx", "caddy"])
def runner(request: pytest.FixtureRequest) -> Runner:
    if request.param == "nginx":
        if NGINX is None:
            pytest.skip("nginx is not installed")
        return run_nginx
    if shutil.which("caddy") is None:
        pytest.skip("caddy is not installed")
    return run_caddy


@pytest.fixture(params=["", "/mail"])
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stage(
    tmp_path: Path, memory_server: MemoryMailServer, tls_folder: Path, runner: Runner, prefix: str
) -> Iterator[Stage]:
    ports, listen, pages = Ports.free(), f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    events, events_watch = (f"127.0.0.1:{free_port()}" for _ in range(2))
    values = {
        **origins(ports),
        "events.listen": json.dumps(events),
        "events.watch": json.dumps(events_watch),
        "api_prefix": json.dumps(prefix),
        "max_message_bytes": str(MAX_BYTES),
        "server.listen": json.dumps(listen),
        "server.workers": "1",
        "pages.listen": json.dumps(pages),
    }
    file = bridge_file(tmp_path, values, memory_server.address)
    made = sealwax("bridge", "init", "--config", str(file))
    assert made.returncode == 0, made.stderr
    settings = load_settings(BridgeSettings, file)
    context = ssl.create_default_context(cafile=str(tls_folder / "tls_ca.pem"))
    client = Client(ports.origin(ports.api), ports.origin(ports.pages), context)
    with ExitStack() as stack:
        config = ("--config", str(file))
        health = f"http://{listen}{prefix}/api/health"
        stack.enter_context(running("bridge", "serve", *config, folder=tmp_path, answers=health))
        (tmp_path / "pages").mkdir()
        stack.enter_context(
            running("bridge", "pages", *config, folder=tmp_path / "pages", answers=f"http://{pages}/config.json")
        )
        stack.enter_context(runner(settings, file, ports, folder=tmp_path / "proxy", tls_folder=tls_folder))
        yield Stage(
            client=client, file=file, events_watch=events_watch, prefix=prefix, api_listen=listen, ports=ports,
            pages_client=Client(ports.origin(ports.pages), ports.origin(ports.pages), context),
        )  # fmt: skip


def test_a_person_signs_in_reads_and_sends_through_the_proxy(stage: Stage) -> None:
    client, prefix = stage.client, stage.prefix
    status, signed_in = client.sign_in(prefix)
    assert (status, signed_in["address"]) == (200, ALICE)
    name, path = ("__Secure-sealwax", f"Path={prefix}/api") if prefix else ("__Host-sealwax", "Path=/")
    assert client.cookie.startswith(f"{name}-{signed_in['account']}=")
    assert path in client.cookie_attributes.split("; ")
    status, folders = client.json("GET", f"{prefix}/api/folders")
    assert status == 200
    assert folders["folders"]
    headers = {"Content_Type": "application/octet-stream"}
    status, _, body = client.ask("POST", f"{prefix}/api/send", upload(MESSAGE, BOB), **headers)
    assert (status, json.loads(body).get("outcome")) == (200, "sent")
    assert client.json("DELETE", f"{prefix}/api/session")[0] == 204
    if prefix:
        assert client.ask("GET", "/api/health")[0] == 404
    # The pages name the API with its prefix, and an operator's health check needs no cookie.
    status, config = stage.pages_client.json("GET", "/config.json")
    assert (status, config["api"]) == (200, client.origin + prefix)
    assert client.json("GET", f"{prefix}/api/health") == (200, {"status": "ok", "proxies": "ok"})


def test_the_proxys_own_errors_are_json_that_the_pages_may_read(stage: Stage) -> None:
    client, prefix = stage.client, stage.prefix
    status, headers, body = client.ask("POST", f"{prefix}/api/send", bytes(MAX_BYTES + 400_000))
    assert (status, json.loads(body)["code"]) == (413, "message-too-large")
    assert headers["Access-Control-Allow-Origin"] == client.page
    # Nothing serves events here, which is what a proxy meets while a service restarts.
    status, headers, body = client.ask("GET", f"{prefix}/api/events")
    assert status in (502, 503)
    assert set(json.loads(body)) == {"code", "message"}
    assert int(headers["Retry-After"]) > 0


def test_each_event_passes_the_proxy_at_once(stage: Stage, memory_server: MemoryMailServer, tmp_path: Path) -> None:
    client, path = stage.client, f"{stage.prefix}/api/events"
    assert client.sign_in(stage.prefix)[0] == 200
    folder = tmp_path / "events"
    folder.mkdir()
    health = f"http://{stage.events_watch}/health"
    with running("bridge", "events", "--config", str(stage.file), folder=folder, answers=health) as service:
        parts = urlsplit(client.origin)
        connection = http.client.HTTPSConnection("127.0.0.1", parts.port, timeout=30, context=client.context)
        with contextlib.closing(connection):
            headers = {"Host": parts.netloc, "Origin": client.page, "Cookie": client.cookie}
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, client.page)
            # Each line is read as it comes. The stream goes on.
            lines = iter(answer.readline, b"")
            assert next(lines) == b"event: ready\n"
            # Until the watch has begun, a new message is no event.
            delivering = threading.Event()
            deliverer = threading.Thread(target=_deliver, args=(memory_server, delivering))
            deliverer.start()
            assert b"event: mail\n" in lines
            delivering.set()
            deliverer.join()
            service.process.terminate()
            assert any(line.startswith(b"retry: ") for line in lines)


def _deliver(server: MemoryMailServer, ends: threading.Event) -> None:
    while not ends.wait(0.2):
        server.append(ALICE, MESSAGE)


def test_the_client_cannot_name_its_own_address(stage: Stage) -> None:
    """The counters of failed sign-ins go by address, so that of a client must not come from its own header."""
    client, prefix = stage.client, stage.prefix
    statuses = [
        client.json(
            "POST",
            f"{prefix}/api/session",
            {"address": ALICE, "password": "wrong"},
            X_Forwarded_For=f"192.0.2.{number}",
            X_Forwarded_Host="other.example.org",
        )[0]
        for number in range(12)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_half_open_connections_stop_nobody(stage: Stage) -> None:
    """The bridge has 16 threads. Three times as many clients that send half a request leave them all free."""
    client = stage.client
    with ExitStack() as stack:
        for _ in range(48):
            plain = socket.create_connection(("127.0.0.1", stage.ports.api), timeout=30)
            half = stack.enter_context(client.context.wrap_socket(plain, server_hostname="localhost"))
            head = f"POST {stage.prefix}/api/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
            half.sendall(f"{head}half".encode())
        assert client.sign_in(stage.prefix)[0] == 200


@pytest.mark.parametrize("runner", ["nginx"], indirect=True)
@pytest.mark.parametrize("prefix", [""], indirect=True)
def test_too_many_connections_from_one_network_get_json(stage: Stage) -> None:
    client = stage.client
    with ExitStack() as stack:
        for _ in range(100):
            plain = socket.create_connection(("127.0.0.1", stage.ports.api), timeout=30)
            half = stack.enter_context(client.context.wrap_socket(plain, server_hostname="localhost"))
            half.sendall(b"POST /api/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        status, headers, body = client.ask("GET", "/api/session")
    assert (status, json.loads(body)["code"]) == (429, "try-later")
    assert int(headers["Retry-After"]) > 0
    assert headers["Access-Control-Allow-Origin"] == client.page
