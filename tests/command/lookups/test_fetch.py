"""One HTTP exchange with real servers on loopback: honest ones, lying ones, and ones that never finish."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from sealwax.lookups.fetch import FetchPolicy, FetchRequest, LookupFailed, LookupFailure, fetch, fetch_all
from smime_core.limits import MAX_LOOKUP_BYTES
from tests.support.servers.web_servers import WebServer, reply_with, run_raw_server, run_web_server

pytestmark = pytest.mark.server


def listed(*servers: WebServer) -> FetchPolicy:
    return FetchPolicy(allowed_hosts=frozenset(server.host for server in servers), timeout_seconds=30)


def failure_of(server: WebServer, policy: FetchPolicy | None = None) -> LookupFailure:
    with pytest.raises(LookupFailed) as failed:
        fetch(FetchRequest(url=server.url()), policy or listed(server))
    return failed.value.failure


def test_a_get_asks_for_the_path_and_query_and_tells_nothing_else() -> None:
    with run_web_server(reply_with(b"a list")) as server:
        assert fetch(FetchRequest(url=server.url("/a.crl?x=1#part")), listed(server)) == b"a list"
    ((line, headers, body),) = server.asked
    assert (line, body) == ("GET /a.crl?x=1 HTTP/1.1", b"")
    assert headers == {
        "Host": server.host,
        "Accept-Encoding": "identity",
        "Accept": "*/*",
        "Connection": "close",
        "User-Agent": "sealwax",
    }


def test_a_post_carries_the_question_and_its_type() -> None:
    with run_web_server(reply_with(b"an answer")) as server:
        request = FetchRequest(url=server.url("/ocsp"), body=b"question", content_type="application/ocsp-request")
        assert fetch(request, listed(server)) == b"an answer"
    ((line, headers, body),) = server.asked
    assert (line, body) == ("POST /ocsp HTTP/1.1", b"question")
    assert headers["Content-Type"] == "application/ocsp-request"


def test_neither_a_proxy_nor_a_password_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with run_web_server(reply_with(b"a list")) as server:
        assert fetch(FetchRequest(url=server.url()), listed(server)) == b"a list"
    assert "Authorization" not in server.asked[0][1]


def test_a_host_that_nobody_listed_is_not_asked_on_loopback() -> None:
    with run_web_server(reply_with(b"")) as server:
        assert failure_of(server, FetchPolicy()) is LookupFailure.REFUSED_PORT
        policy = FetchPolicy(allowed_hosts=frozenset({"127.0.0.2:" + str(server.port)}))
        assert failure_of(server, policy) is LookupFailure.REFUSED_PORT
    assert server.asked == []


def test_the_name_is_resolved_once_and_that_address_is_connected_to() -> None:
    """DNS rebinding: a second question to the resolver would get another address."""
    questions: list[str] = []

    def rebind(host: str, _port: int) -> list[str]:
        questions.append(host)
        return ["127.0.0.1"] if len(questions) == 1 else ["127.0.0.9"]

    with run_web_server(reply_with(b"a list")) as server:
        policy = FetchPolicy(allowed_hosts=frozenset({f"ca.example.test:{server.port}"}), resolve=rebind)
        url = f"http://ca.example.test:{server.port}/"
        assert fetch(FetchRequest(url=url), policy) == b"a list"
    assert questions == ["ca.example.test"]
    assert server.asked[0][1]["Host"] == f"ca.example.test:{server.port}"


def test_the_next_address_is_tried_where_one_refuses() -> None:
    with run_web_server(reply_with(b"a list")) as server:
        policy = FetchPolicy(
            allowed_hosts=frozenset({f"ca.example.test:{server.port}"}),
            resolve=lambda _host, _port: ["127.0.0.77", "127.0.0.1"],
        )
        assert fetch(FetchRequest(url=f"http://ca.example.test:{server.port}/"), policy) == b"a list"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed_not_even_to_the_server_itself(status: int) -> None:
    with run_web_server(reply_with(b"", status=status, Location="/elsewhere")) as server:
        assert failure_of(server) is LookupFailure.REDIRECT
    assert len(server.asked) == 1


def test_a_redirect_to_a_private_address_is_not_followed() -> None:
    with run_web_server(reply_with(b"a secret")) as private:
        target = private.url("/metadata")
        with run_web_server(reply_with(b"", status=302, Location=target)) as server:
            assert failure_of(server, listed(server, private)) is LookupFailure.REDIRECT
    assert private.asked == []


@pytest.mark.parametrize("status", [201, 204, 206, 400, 403, 404, 429, 500, 503])
def test_other_answers_than_200_are_none(status: int) -> None:
    with run_web_server(reply_with(b"", status=status)) as server:
        assert failure_of(server) is LookupFailure.HTTP_STATUS


def test_a_body_as_large_as_allowed_is_taken_and_no_byte_more() -> None:
    with run_web_server(reply_with(bytes(1_000))) as server:
        policy = replace(listed(server), max_body_bytes=1_000)
        assert fetch(FetchRequest(url=server.url()), policy) == bytes(1_000)
        assert failure_of(server, replace(policy, max_body_bytes=999)) is LookupFailure.TOO_LARGE


def test_fifty_megabytes_are_refused_by_what_the_server_announces() -> None:
    def announce(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(50_000_000))
        handler.end_headers()

    with run_web_server(announce) as server:
        assert failure_of(server) is LookupFailure.TOO_LARGE


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_without_an_end_is_counted(chunked: bool) -> None:
    sent: list[int] = []

    def pour(handler: BaseHTTPRequestHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        if chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.close_connection = True
        block = bytes(1_000_000)
        while sum(sent) < 3 * MAX_LOOKUP_BYTES:
            handler.wfile.write(b"%x\r\n" % len(block) + block + b"\r\n" if chunked else block)
            sent.append(len(block))

    with run_web_server(pour) as server:
        assert failure_of(server) is LookupFailure.TOO_LARGE


def test_chunks_are_put_together() -> None:
    def chunks(connection: socket.socket, _over: threading.Event) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")

    with run_raw_server(chunks) as server:
        assert fetch(FetchRequest(url=server.url()), listed(server)) == b"abc"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
def test_a_broken_answer_counts_as_unreachable(answer: bytes) -> None:
    def talk(connection: socket.socket, _over: threading.Event) -> None:
        connection.recv(65_536)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(65_536)

    with run_raw_server(talk) as server:
        assert failure_of(server) is LookupFailure.UNREACHABLE


def hang(_connection: socket.socket, over: threading.Event) -> None:
    over.wait()


def drip_header(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not over.wait(0.01):
        connection.sendall(b"y")


def drip_body(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
    while not over.wait(0.01):
        connection.sendall(b"y")


def go_on(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(65_536)
    while not over.wait(0.01):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize("talk", [hang, drip_header, drip_body, go_on])
def test_the_deadline_is_for_the_whole_exchange(talk: object) -> None:
    with run_raw_server(talk) as server:  # type: ignore[arg-type]
        assert failure_of(server, replace(listed(server), timeout_seconds=0.3)) is LookupFailure.TIMEOUT


def test_the_deadline_is_for_the_handshake_too(tls_folder: Path) -> None:
    with run_raw_server(hang) as server:
        server.scheme = "https"
        policy = replace(listed(server), timeout_seconds=0.3, ca_file=tls_folder / "tls_ca.pem")
        assert failure_of(server, policy) is LookupFailure.TIMEOUT


def test_the_deadline_is_for_the_resolver_too() -> None:
    over = threading.Event()

    def hang_on(_host: str, _port: int) -> list[str]:
        over.wait()
        return []

    policy = FetchPolicy(resolve=hang_on, timeout_seconds=0.1)
    with pytest.raises(LookupFailed) as failed:
        fetch(FetchRequest(url="http://ca.example.test/"), policy)
    over.set()
    assert failed.value.failure is LookupFailure.TIMEOUT


def test_nobody_at_the_port_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        server = WebServer(port=closed.getsockname()[1])
    assert failure_of(server) is LookupFailure.UNREACHABLE


def test_tls_is_verified_for_the_name(tls_folder: Path) -> None:
    with run_web_server(reply_with(b"a list"), tls_folder=tls_folder) as server:
        policy = replace(listed(server), ca_file=tls_folder / "tls_ca.pem")
        assert fetch(FetchRequest(url=server.url()), policy) == b"a list"
        assert failure_of(server, listed(server)) is LookupFailure.UNREACHABLE
        other_name = FetchPolicy(
            allowed_hosts=frozenset({f"ca.example.test:{server.port}"}),
            resolve=lambda _host, _port: ["127.0.0.1"],
            ca_file=tls_folder / "tls_ca.pem",
        )
        with pytest.raises(LookupFailed, match="TLS certificate is not valid"):
            fetch(FetchRequest(url=f"https://ca.example.test:{server.port}/"), other_name)


def test_a_batch_keeps_its_order_and_one_failure_stops_no_other() -> None:
    def echo(handler: BaseHTTPRequestHandler) -> None:
        reply_with(handler.path.encode())(handler)

    with run_web_server(echo) as server:
        urls = [server.url("/1"), "http://127.0.0.1/", server.url("/2"), *map(server.url, ["/3", "/4", "/5", "/6"])]
        answers = fetch_all([FetchRequest(url=url) for url in urls], listed(server))
    assert [answer if isinstance(answer, bytes) else answer.failure for answer in answers] == [
        b"/1",
        LookupFailure.NOT_PUBLIC,
        b"/2",
        b"/3",
        b"/4",
        b"/5",
        b"/6",
    ]


def test_a_batch_has_a_deadline_of_its_own() -> None:
    with run_raw_server(hang) as server:
        requests = [FetchRequest(url=server.url(f"/{number}")) for number in range(12)]
        answers = fetch_all(requests, listed(server), seconds=0.3)
    failures = [answer.failure for answer in answers if isinstance(answer, LookupFailed)]
    assert failures == [LookupFailure.TIMEOUT] * 4 + [LookupFailure.NOT_ASKED] * 8


def test_a_batch_of_nothing_is_nothing() -> None:
    assert fetch_all([]) == ()
