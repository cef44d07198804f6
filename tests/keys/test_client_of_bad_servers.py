"""The command's way to key servers and bridges that answer slowly, with nonsense, or with another address."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import click
import pytest

from roaming_keys.client import transport as client
from roaming_keys.client.command.ticket_source import _ask_bridge
from roaming_keys.client.transport import HttpTransport
from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.protocol.tickets import Purpose
from smime_core.blocking import run
from smime_core.errors import SmimeError

pytestmark = pytest.mark.server
Answer = Callable[[socket.socket], None]


@contextmanager
def answering(answer: Answer) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers each connection in its own way: its URL, and what it was sent."""
    seen: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            seen.append(connection.recv(65_536))
            answer(connection)

    def listen() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", seen
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


def once(data: bytes) -> Answer:
    return lambda connection: connection.sendall(data)


def for_ever(first: bytes, then: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(then)
            time.sleep(0.05)

    return answer


def body(data: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.0 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(data), data)


ENDLESS = {
    "one byte at a time": for_ever(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n", b" "),
    "an error one byte at a time": for_ever(b"HTTP/1.1 500 No\r\nContent-Length: 3000000\r\n\r\n", b" "),
    "100 Continue": for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a long header": for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
}
ENDLESS_CASES = pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)


@ENDLESS_CASES
def test_a_key_server_cannot_hold_a_command_without_end(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TOTAL_SECONDS", 0.5)
    with answering(answer) as (url, _), pytest.raises(KeyServerError) as refused:
        run(HttpTransport(url).send(Call(method="POST", path="/parameters", body=b"{}")))
    assert refused.value.code == "key-server-unreachable"


@ENDLESS_CASES
def test_a_bridge_cannot_hold_a_command_without_end(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TOTAL_SECONDS", 0.5)
    with answering(answer) as (url, _), pytest.raises(click.ClickException, match="the bridge does not answer"):
        _ask_bridge(url, "alice@example.test", b"mail password", Purpose.ENROLMENT)


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"",
        body(b"["),
        body(b"[" * 4_000),
        body(b"[" * 60_000),
        body(b"{}"),
        body(b'{"ticket": 1}'),
        body(b"\xff"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
        body(b"no", b"503 No"),
    ],
)
def test_nonsense_from_a_bridge_is_one_error(data: bytes) -> None:
    with answering(once(data)) as (url, _), pytest.raises((click.ClickException, SmimeError)):
        _ask_bridge(url, "alice@example.test", b"mail password", Purpose.ENROLMENT)


def test_a_bridge_cannot_send_the_command_to_another_server() -> None:
    with answering(once(body(b'{"ticket": "theirs"}'))) as (other, seen):
        moved = b"HTTP/1.0 302 Found\r\nLocation: %b/other\r\nContent-Length: 0\r\n\r\n" % other.encode()
        with answering(once(moved)) as (url, _), pytest.raises(click.ClickException, match="status 302"):
            _ask_bridge(url, "alice@example.test", b"mail password", Purpose.ENROLMENT)
    assert seen == []


@pytest.mark.parametrize(
    ("path", "code", "refused_as"),
    [
        ("/login", "login-refused", "login-refused"),
        ("/login", "try-later", "try-later"),
        ("/login", "moon-landed", "key-server-error"),
        # A code of another route.
        ("/login", "no-such-group", "key-server-error"),
    ],
)
def test_an_error_that_the_route_does_not_have_is_named_and_refused(path: str, code: str, refused_as: str) -> None:
    data = b'{"code": "%b", "message": "No."}' % code.encode()
    with (
        answering(once(body(data, b"401 No"))) as (url, _),
        pytest.raises(KeyServerError, match=r"No|with the code") as no,
    ):
        run(HttpTransport(url).send(Call(method="POST", path=path, body=b"{}")))
    assert no.value.code == refused_as
    assert (code in str(no.value)) == (refused_as == "key-server-error")
