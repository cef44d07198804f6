"""An upload that does not come whole is refused, however it is cut, and nothing of it is sent."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Iterator

import pytest

from tests.operation.conftest import Site
from tests.support.servers.bridge import naming
from tests.support.servers.events import sign_in_at
from tests.support.servers.mailboxes import BOB
from tests.support.servers.own_process import Running, running, sealwax

pytestmark = pytest.mark.server

MESSAGE = b"From: alice@example.test\r\nSubject: x\r\n\r\nThe first line\r\nThe second line\r\n"


@pytest.fixture
def bridge(site: Site) -> Iterator[Running]:
    assert sealwax("bridge", "init", *site.config).returncode == 0
    with running("bridge", "serve", *site.config, folder=site.folder, answers=f"{site.api}/api/health") as service:
        yield service


def body() -> bytes:
    """The body of a request that sends the message under a new key."""
    envelope = {"key": secrets.token_urlsafe(16), "recipients": [BOB], "copy": False}
    return json.dumps(envelope).encode() + b"\n" + MESSAGE


def in_chunks(content: bytes, size: int = 20) -> bytes:
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def upload(site: Site, cookie: str, length: bytes, content: bytes) -> bytes:
    """Send a request and end our half of the connection. Returns the status and the body of the answer."""
    host, _, port = site.api.removeprefix("http://").partition(":")
    head = (
        f"POST /api/send HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {site.pages}\r\nX-Sealwax: 1\r\n"
        f"Cookie: {cookie}\r\nX-Sealwax-Account: {naming()['X-Sealwax-Account']}\r\nConnection: close\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode() + length + b"\r\n\r\n" + content)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            return answer.read()


def test_an_upload_that_is_cut_is_not_sent(site: Site, bridge: Running) -> None:
    cookie = sign_in_at(site.api, site.pages)
    whole = body()
    chunks = in_chunks(whole)
    chunked = b"Transfer-Encoding: chunked"
    cut = [(b"Content-Length: %d" % len(whole), whole[:-missing]) for missing in (1, 2, 17, len(MESSAGE), len(whole))]
    cut += [(chunked, part) for part in (chunks, chunks[:-1], chunks[:-30], chunks + b"0", chunks + b"0\r\n")]
    cut += [(chunked, end) for end in (b"-5\r\nhello\r\n", b"0x5\r\nhello\r\n", chunks + b"5\r\nhelloXX0\r\n\r\n")]
    cut += [(chunked, chunks + b"5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n")]
    for length, content in cut:
        answer = upload(site, cookie, length, content)
        assert answer.startswith(b"HTTP/1.1 400 "), (length, content[-50:], answer)
        assert site.mail.messages(BOB) == []
    assert b'"sent"' in upload(site, cookie, b"Content-Length: %d" % len(whole), whole)
    assert b'"sent"' in upload(site, cookie, chunked, in_chunks(body()) + b"0\r\n\r\n")
    assert len(site.mail.messages(BOB)) == 2
    assert [line for line in bridge.lines() if line["level"] == "error"] == []
