"""The one HTTP client: each failure is one of four troubles, and nothing takes longer or more than it may."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sealwax.http_client import HttpCall, HttpClient, LocalSocket, NoAnswer, ServiceAddress, Trouble
from webbridge.demo.tls import server_context, write_tls_files

pytestmark = pytest.mark.server
GET = HttpCall(method="GET", path="/x")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@contextmanager
def listening(serve: Callable[[socket.socket], None], at: socket.socket | None = None) -> Iterator[socket.socket]:
    """A server that hands each connection to `serve`."""
    with at or socket.create_server(("127.0.0.1", 0)) as place:

        def run() -> None:
            with suppress(OSError):
                while True:
                    accepted = place.accept()[0]
                    threading.Thread(target=handle, args=(accepted,), daemon=True).start()

        def handle(accepted: socket.socket) -> None:
            with accepted, suppress(OSError):
                serve(accepted)

        threading.Thread(target=run, daemon=True).start()
        yield place
        with suppress(OSError):
            place.shutdown(socket.SHUT_RDWR)


def saying(data: bytes) -> Callable[[socket.socket], None]:
    def serve(accepted: socket.socket) -> None:
        while accepted.recv(65_536):
            accepted.sendall(data)

    return serve


def address_of(server: socket.socket, scheme: str = "http") -> ServiceAddress:
    return ServiceAddress(scheme=scheme, host="127.0.0.1", port=server.getsockname()[1])


def test_a_connection_is_kept_for_several_exchanges() -> None:
    opened: list[socket.socket] = []

    def serve(accepted: socket.socket) -> None:
        opened.append(accepted)
        saying(OK)(accepted)

    with listening(serve) as server, HttpClient(address_of(server)) as client:
        assert [client.exchange(GET).body for _ in range(3)] == [b"hi"] * 3
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("data", "trouble"),
    [
        (b"", Trouble.LATE),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", Trouble.LATE),
        (b"hello\r\n\r\n", Trouble.LOST),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b"x" * 200, Trouble.TOO_LARGE),
    ],
    ids=["silence", "half an answer", "no HTTP", "too much"],
)
def test_each_failure_is_one_trouble(data: bytes, trouble: Trouble) -> None:
    with (
        listening(saying(data)) as server,
        HttpClient(address_of(server)) as client,
        pytest.raises(NoAnswer) as failed,
    ):
        client.exchange(GET, seconds=0.3, max_bytes=100)
    assert failed.value.trouble is trouble


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/other\r\nContent-Length: 0\r\n\r\n"
    with listening(saying(moved)) as server, HttpClient(address_of(server)) as client:
        assert client.exchange(GET).status == 302


def test_a_certificate_that_nobody_vouches_for_is_a_trouble_of_its_own(tmp_path: Path) -> None:
    ca_file = write_tls_files(tmp_path, datetime.now(UTC))
    context = server_context(tmp_path)

    def serve(accepted: socket.socket) -> None:
        with context.wrap_socket(accepted, server_side=True) as secured:
            saying(OK)(secured)

    with listening(serve) as server:
        with HttpClient(address_of(server, "https"), ca_file=ca_file) as client:
            assert client.exchange(GET).body == b"hi"
        with HttpClient(address_of(server, "https"), tls=ssl.create_default_context(cafile=ca_file)) as client:
            assert client.exchange(GET).body == b"hi"
        with HttpClient(address_of(server, "https")) as client, pytest.raises(NoAnswer) as failed:
            client.exchange(GET)
    assert failed.value.trouble is Trouble.UNTRUSTED


def test_a_service_behind_a_socket_of_this_machine_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "service.sock"
    at = socket.socket(socket.AF_UNIX)
    at.bind(str(path))
    at.listen()
    with listening(saying(OK), at), HttpClient(LocalSocket(path=path)) as client:
        client.connect()
        assert client.exchange(GET).body == b"hi"
    with HttpClient(LocalSocket(path=tmp_path / "absent")) as client, pytest.raises(NoAnswer):
        client.connect()


@pytest.mark.parametrize("status", [b"200 Connection established", b"407 Proxy Authentication Required"])
def test_the_proxy_of_the_environment_is_asked_for_a_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: bytes
) -> None:
    ca_file = write_tls_files(tmp_path, datetime.now(UTC), names=("keys.example.test",))
    context = server_context(tmp_path)
    heads: list[bytes] = []

    def serve(accepted: socket.socket) -> None:
        heads.append(accepted.recv(65_536))
        accepted.sendall(b"HTTP/1.1 %b\r\n\r\n" % status)
        with context.wrap_socket(accepted, server_side=True) as secured:
            saying(OK)(secured)

    with listening(serve) as server:
        monkeypatch.setenv("https_proxy", f"http://me:s%40cret@127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.delenv("no_proxy", raising=False)
        address = ServiceAddress(scheme="https", host="keys.example.test", port=443)
        with HttpClient(address, ca_file=ca_file, uses_proxy=True) as client:
            if status.startswith(b"200"):
                assert client.exchange(GET).body == b"hi"
            else:
                with pytest.raises(NoAnswer, match="407"):
                    client.exchange(GET)
    (head,) = heads
    assert head.startswith(b"CONNECT keys.example.test:443 HTTP/1.1\r\nHost: keys.example.test:443\r\n")
    assert b"Proxy-Authorization: Basic bWU6c0BjcmV0\r\n" in head


def test_this_machine_and_calls_without_leave_use_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with listening(saying(OK)) as server, HttpClient(address_of(server), uses_proxy=True) as client:
        assert client.exchange(GET).body == b"hi"


def test_no_proxy_is_asked_for_a_way_to_this_machine_by_https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    ca_file = write_tls_files(tmp_path, datetime.now(UTC), names=("localhost",))
    context = server_context(tmp_path)

    def serve(accepted: socket.socket) -> None:
        with context.wrap_socket(accepted, server_side=True) as secured:
            saying(OK)(secured)

    with listening(serve) as server:
        address = ServiceAddress(scheme="https", host="localhost", port=server.getsockname()[1])
        with HttpClient(address, ca_file=ca_file, uses_proxy=True) as client:
            assert client.exchange(GET).body == b"hi"
