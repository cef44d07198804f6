"""Two processes of the bridge count the connections, downloads and sends of a session together, on each database."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sealwax.service import Database
from tests.support.databases.postgresql import database_url as database_url, postgresql as postgresql
from tests.support.servers import dovecot
from tests.support.servers.bridge import naming, upload
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.servers.own_process import Running, bridge_file, running
from tests.support.servers.ports import free_port
from webbridge.database.tables import PLACE
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.gateway import Security
from webbridge.places.kinds import PlaceKind

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(dovecot.BINARY is None, reason="dovecot is not installed"),
    pytest.mark.thorough,
]

PAGES = "http://127.0.0.1:8460"
FROM_PAGES = {"Origin": PAGES, "X-Sealwax": "1"}
SMALL = b"From: alice@example.test\r\nMessage-ID: <%d@example.test>\r\n\r\n" + b"A line of the message.\r\n" * 100
# More than the buffers between the bridge and a reader hold.
LARGE = SMALL % 0 + b"A line of the message.\r\n" * 300_000
ROUNDS = 5
Answer = tuple[int, dict[str, Any], http.client.HTTPMessage]


@dataclass(slots=True)
class Pair:
    """Two processes with one database, before a Dovecot that admits four connections of a person."""

    ports: list[int]
    bridges: list[Running]
    database_url: str

    def ask(
        self, number: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Status, JSON and header of an answer of one process."""
        with closing(self.connect(number)) as connection:
            connection.request(method, path, body, FROM_PAGES | self.host | (headers or {}))
            answer = connection.getresponse()
            content = answer.read()
        is_json = answer.headers.get("Content-Type") == "application/json"
        return answer.status, json.loads(content) if is_json else {"bytes": len(content)}, answer.headers

    def connect(self, number: int) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.ports[number], timeout=60)

    @property
    def host(self) -> dict[str, str]:
        return {"Host": f"127.0.0.1:{self.ports[0]}"}

    def sign_in(self) -> dict[str, str]:
        body = json.dumps({"address": ALICE, "password": PASSWORDS[ALICE]}).encode()
        status, _, headers = self.ask(0, "POST", "/api/session", body, {"Content-Type": "application/json"})
        assert status == 200
        return {
            "Cookie": "; ".join(cookie.partition(";")[0] for cookie in headers.get_all("Set-Cookie", [])),
            **naming(),
        }

    def folder(self, session: dict[str, str], role: str) -> str:
        """The path of a folder in the API."""
        _, answer, _ = self.ask(0, "GET", "/api/folders", None, session)
        return f"/api/folders/{next(row['id'] for row in answer['folders'] if row['role'] == role)}"

    def kill(self, number: int) -> None:
        """Kill the process of a bridge, and the one that it serves by."""
        master = self.bridges[number].process.pid
        workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        for pid in (master, *map(int, workers)):
            os.kill(pid, signal.SIGKILL)

    def wait_for_places(self, kind: PlaceKind, count: int) -> None:
        """Wait until the session holds so many places."""
        deadline = time.monotonic() + 60
        with closing(Database(self.database_url)) as database:
            while True:
                with database.reading() as rows:
                    if len(rows.execute(select(PLACE).where(PLACE.c.kind == kind)).all()) == count:
                        return
                assert time.monotonic() < deadline
                time.sleep(0.05)


@pytest.fixture
def pair(tmp_path: Path, memory_server: MemoryMailServer, tls_folder: Path, database_url: str) -> Iterator[Pair]:
    with ExitStack() as stack:
        limit = "mail_max_userip_connections = 4\n"
        addresses = stack.enter_context(dovecot.run_dovecot(PASSWORDS, tls_folder=tls_folder, more_settings=limit))
        servers = replace(memory_server.address, imap=addresses[Security.IMPLICIT_TLS])
        ports, bridges = [free_port(), free_port()], []
        for number, port in enumerate(ports):
            folder = tmp_path / f"process-{number}"
            folder.mkdir()
            values = {
                "api_origin": json.dumps(f"http://127.0.0.1:{ports[0]}"),
                "pages_origin": json.dumps(PAGES),
                "key_server_origin": '"http://127.0.0.1:8462"',
                "database": json.dumps(database_url),
                "enrolment_key": json.dumps("00" * 32),
                "server.listen": json.dumps(f"127.0.0.1:{port}"),
                "server.workers": "1",
            }
            file = bridge_file(folder, values, servers)
            health = f"http://127.0.0.1:{port}/api/health"
            bridges.append(
                stack.enter_context(running("bridge", "serve", "-c", str(file), folder=folder, answers=health))
            )
        yield Pair(ports=ports, bridges=bridges, database_url=database_url)


def test_no_request_fails_at_a_server_that_admits_four_connections(pair: Pair) -> None:
    """Eight requests at a time over two processes. The connections go to where they are needed, also idle ones."""
    session = pair.sign_in()
    inbox = pair.folder(session, "inbox")
    answers: Counter[tuple[int, str]] = Counter()

    def ask(number: int) -> tuple[int, str]:
        status, answer, _ = pair.ask(number, "GET", f"{inbox}/messages?limit=10", None, session)
        return status, str(answer.get("message", ""))

    with ThreadPoolExecutor(8) as threads:
        for _ in range(ROUNDS):
            for numbers in ([0] * 8, [1] * 8, [0, 1] * 4):
                answers.update(threads.map(ask, numbers))
    assert answers == {(200, ""): ROUNDS * 24}


def test_a_killed_process_leaves_its_places_to_the_other(pair: Pair) -> None:
    session = pair.sign_in()
    path = f"{pair.folder(session, 'inbox')}/messages"
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: pair.ask(0, "GET", path, None, session), range(8)))
    pair.kill(0)
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _: pair.ask(1, "GET", path, None, session)[0], range(16)))
    assert statuses == [200] * 16


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_three_large_messages_are_loaded_at_once_and_two_are_sent(pair: Pair) -> None:
    session = pair.sign_in()
    headers = session | {"Content-Type": "application/octet-stream"}
    assert pair.ask(0, "POST", "/api/send", upload(LARGE, BOB, key="k" * 22), headers)[0] == 200
    sent = pair.folder(session, "sent")
    _, page, _ = pair.ask(0, "GET", f"{sent}/messages", None, session)
    raw = f"{sent}/{page['uidValidity']}/{page['messages'][0]['uid']}/raw"
    with ExitStack() as open_downloads:
        for number in (0, 1, 0):
            connection = open_downloads.enter_context(closing(pair.connect(number)))
            # So small that the answer waits for its reader.
            connection.sock = socket.socket()
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sock.connect(("127.0.0.1", pair.ports[number]))
            connection.request("GET", raw, None, FROM_PAGES | pair.host | session)
            assert connection.getresponse().status == 200
        for number in (0, 1):
            status, answer, headers_back = pair.ask(number, "GET", raw, None, session)
            assert (status, answer["code"]) == (429, "try-later")
            assert int(headers_back["Retry-After"]) > 0
            assert pair.ask(number, "GET", f"{sent}/messages", None, session)[0] == 200
    slow = [SlowSend(pair, number, session) for number in (0, 1)]
    pair.wait_for_places(PlaceKind.SEND, 2)
    for number in (0, 1):
        status, answer, headers_back = pair.ask(
            number, "POST", "/api/send", upload(SMALL % 1, BOB, key="l" * 22), headers
        )
        assert (status, answer["code"]) == (429, "try-later")
        assert int(headers_back["Retry-After"]) > 0
    for sending in slow:
        assert sending.end() == 200


class SlowSend:
    """A message on its way to a process, whose last bytes follow at the end."""

    def __init__(self, pair: Pair, number: int, session: dict[str, str]) -> None:
        body = upload(SMALL % (number + 2), BOB, key=f"slow{number:018}")
        self._rest = body[-100:]
        self._connection = pair.connect(number)
        self._connection.putrequest("POST", "/api/send", skip_host=True)
        fields = FROM_PAGES | pair.host | session | {"Content-Length": str(len(body))}
        for name, value in fields.items():
            self._connection.putheader(name, value)
        self._connection.putheader("Content-Type", "application/octet-stream")
        self._connection.endheaders(body[:-100])

    def end(self) -> int:
        """Send the rest, and return the status of the answer."""
        self._connection.send(self._rest)
        status = self._connection.getresponse().status
        self._connection.close()
        return status
