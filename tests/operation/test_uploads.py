"""Uploads that are cut, slow, or of another length than they say: a JSON error, and nothing is left."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sealwax.operation.worker import UNREAD_SECONDS
from sealwax.service import Database
from tests.operation.conftest import Site
from tests.support.servers.bridge import naming, upload
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.servers.own_process import running, sealwax
from webbridge.database.tables import PLACE
from webbridge.gateway.outgoing import MEMORY_BYTES
from webbridge.places.kinds import PlaceKind

pytestmark = [pytest.mark.server, pytest.mark.thorough]

SMALL = b"From: alice@example.test\r\n\r\n" + b"A line of the message.\r\n" * 10
# It has a temporary file.
LARGE = SMALL + b"A line of the message.\r\n" * (2 * MEMORY_BYTES // 24)
PATIENCE_SECONDS = 60


@dataclass(slots=True)
class Door:
    """A running bridge with a session, and a folder for its temporary files."""

    site: Site
    cookies: str
    temporary: Path

    def begin(self, *fields: str) -> socket.socket:
        """A connection on which a request to send has begun."""
        host, _, port = self.site.api.removeprefix("http://").partition(":")
        own = [
            f"Host: {host}:{port}",
            f"Origin: {self.site.pages}",
            "X-Sealwax: 1",
            f"Cookie: {self.cookies}",
            f"X-Sealwax-Account: {naming()['X-Sealwax-Account']}",
        ]
        head = ["POST /api/send HTTP/1.1", *own, "Content-Type: application/octet-stream", *fields]
        connection = socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS)
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        return connection

    def nothing_is_left(self) -> bool:
        """Whether the place of the send is free, and no file is there."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with closing(Database(self.site.folder / "state" / "bridge.sqlite")) as database:
            while time.monotonic() < deadline:
                with database.reading() as rows:
                    if not rows.execute(select(PLACE).where(PLACE.c.kind == PlaceKind.SEND)).all():
                        return list(self.temporary.iterdir()) == []
                time.sleep(0.05)
        return False

    def sent(self) -> int:
        return len(self.site.mail.messages(BOB))


def answer_on(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status, json.loads(answer.read())


@pytest.fixture
def door(site: Site, tmp_path: Path) -> Iterator[Door]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with site.file.open("a") as file:
        file.write("server.body_seconds = 1\n")
    assert sealwax("bridge", "init", *site.config).returncode == 0
    health = f"{site.api}/api/health"
    with running("bridge", "serve", *site.config, folder=tmp_path, answers=health, TMPDIR=str(temporary)):
        host, _, port = site.api.removeprefix("http://").partition(":")
        with closing(http.client.HTTPConnection(host, int(port), timeout=PATIENCE_SECONDS)) as connection:
            body = json.dumps({"address": ALICE, "password": PASSWORDS[ALICE]})
            fields = {"Origin": site.pages, "X-Sealwax": "1", "Content-Type": "application/json"}
            connection.request("POST", "/api/session", body, fields)
            answer = connection.getresponse()
            assert answer.status == 200
            cookies = "; ".join(cookie.partition(";")[0] for cookie in answer.headers.get_all("Set-Cookie", []))
        yield Door(site, cookies, temporary)


def test_an_upload_that_is_cut_leaves_neither_a_file_nor_its_place_taken(door: Door) -> None:
    for message in (SMALL, LARGE):
        body = upload(message, BOB)
        with door.begin(f"Content-Length: {len(body)}") as connection:
            connection.sendall(body[:-10])
            connection.shutdown(socket.SHUT_WR)
            assert answer_on(connection)[0] == 400
        assert door.nothing_is_left()
        with door.begin("Transfer-Encoding: chunked") as connection:
            connection.sendall(b"%x\r\n%s" % (len(body), body[:-10]))
            connection.shutdown(socket.SHUT_WR)
            assert answer_on(connection)[0] == 400
        assert door.nothing_is_left()
        with door.begin(f"Content-Length: {len(body)}") as connection:
            connection.sendall(body[:-10])
        # A client that is gone reads no answer.
        assert door.nothing_is_left()
    assert door.sent() == 0


def test_an_upload_that_comes_byte_by_byte_is_given_up(door: Door) -> None:
    body = upload(LARGE, BOB)
    for beginning in (50, len(body) - 50_000):
        with door.begin(f"Content-Length: {len(body)}") as connection:
            connection.sendall(body[:beginning])
            connection.settimeout(0.1)
            status = None
            for number in range(200):
                with contextlib.suppress(OSError):
                    connection.sendall(body[beginning + number : beginning + number + 1])
                with contextlib.suppress(TimeoutError):
                    status, answer = answer_on(connection)
                    break
            assert status == 408
            assert answer["code"] == "too-slow"
        assert door.nothing_is_left()
    assert door.sent() == 0


def test_the_rest_of_a_refused_upload_is_waited_for_only_shortly(door: Door) -> None:
    """A client may go on with a body that was refused. Its thread is free soon, however slowly the bytes come."""
    with door.begin("Content-Length: 1000000000000") as connection:
        assert answer_on(connection)[0] == 413
        connection.settimeout(0.5)
        start = time.monotonic()
        # The connection that the server has closed gives no bytes, or an error.
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - start < PATIENCE_SECONDS:
                connection.sendall(b"x")
                with contextlib.suppress(TimeoutError):
                    assert connection.recv(1) == b""
                    break
        assert time.monotonic() - start < 2 * UNREAD_SECONDS


def test_an_upload_of_another_length_is_no_other_message(door: Door) -> None:
    """Bytes after the body are another request. A body without a length is none, unless it comes in chunks."""
    body = upload(SMALL, BOB)
    with door.begin(f"Content-Length: {len(body)}") as connection:
        connection.sendall(body + b"More lines of the message.\r\n\r\n")
        with connection.makefile("rb") as answers:
            assert re.findall(rb"HTTP/1.1 (\d+)", answers.read()) == [b"200", b"400"]
    assert door.sent() == 1
    with door.begin() as connection:
        assert answer_on(connection)[0] == 400
    chunked = upload(LARGE, BOB)
    with door.begin("Transfer-Encoding: chunked") as connection:
        for start in range(0, len(chunked), 100_000):
            piece = chunked[start : start + 100_000]
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")
        assert answer_on(connection)[0] == 200
    assert door.nothing_is_left()
    assert [len(message.raw) for message in door.site.mail.messages(BOB)][1:] == [len(LARGE)]
