"""The gate passes requests, loses them, and loses the answer to one that has arrived."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from http.client import HTTPException
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from sealwax.service.web_server import serve
from tools.days_work.gate import Gate, running_gate

pytestmark = pytest.mark.server

LOST = (urllib.error.URLError, ConnectionError, HTTPException)


def ask(gate: Gate, path: str = "/", *, method: str = "GET") -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(
        urllib.request.Request(f"http://127.0.0.1:{gate.port}{path}", method=method), timeout=10
    ) as answer:
        body: bytes = answer.read()
    return body


def counting(asked: list[str]) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
        return [b"hello"]

    return app


def test_requests_pass_or_are_lost_or_only_their_answer_is() -> None:
    requests: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as bound, running_gate() as gate:
        gate.target = bound.getsockname()[1]
        with serve(counting(requests), bound.dup()):
            assert ask(gate) == b"hello"
            gate.shut()
            with pytest.raises(LOST):
                ask(gate, "/lost")
            gate.open()
            gate.shut_at_the_answer((b"POST /one", b"PUT /one"))
            assert ask(gate, "/other") == b"hello"
            with pytest.raises(LOST):
                ask(gate, "/one", method="POST")
            assert gate.has_dropped.wait(10)
            with pytest.raises(LOST):
                ask(gate)
            gate.open()
            assert ask(gate, "/one", method="POST") == b"hello"
    assert requests == ["GET /", "GET /other", "POST /one", "POST /one"]
