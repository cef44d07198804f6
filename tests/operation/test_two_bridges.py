"""Two bridges behind a balancer on one PostgreSQL, and the loss of each server that they need."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from sealwax.service import Database
from tests.support.databases.postgresql import Postgresql, run_postgresql
from tests.support.project import ROOT
from tests.support.servers.bridge import naming, upload
from tests.support.servers.deadly_proxy import DeadlyProxy, Direction, deadly_proxy
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.servers.own_process import Running, bridge_file, running, sealwax
from tests.support.servers.ports import free_port
from tests.support.servers.proxies import NGINX, run_balancer
from tools.bench.machine import describe_machine
from tools.bench.results import Limit, write_results
from webbridge.database.tables import PLACE, SUBMISSION
from webbridge.demo.mail_server import MemoryMailServer
from webbridge.places.kinds import MOST_AT_ONCE, PlaceKind

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    pytest.mark.thorough,
]

PAGES = "http://127.0.0.1:8460"
FROM_PAGES = {"Origin": PAGES, "X-Sealwax": "1"}
MESSAGE = b"From: alice@example.test\r\nMessage-ID: <%d.%d@example.test>\r\n\r\n" + b"A line.\r\n" * 2000
LARGE = b"From: bob@example.test\r\nSubject: large\r\n\r\n" + b"A line of the message.\r\n" * 40_000
# More than the buffers between bridge and mail server hold, so that the bridge notices what happens in the middle.
LONG = b"A line of the message.\r\n" * 250_000
CLIENTS = 4
PATIENCE_SECONDS = 60
MOST_WAIT_SECONDS = 2.0
ALREADY_SENDING = 409
Answer = tuple[int, dict[str, Any], http.client.HTTPMessage]


@dataclass(slots=True)
class Site:
    """Two bridges, their balancer, and the servers that they need."""

    port: int
    bridges: list[Running]
    own_ports: list[int]
    database: Postgresql
    url: str
    mail: MemoryMailServer
    imap: DeadlyProxy
    smtp: DeadlyProxy

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        port: int = 0,
        seconds: float = PATIENCE_SECONDS,
    ) -> Answer:
        """Status, JSON and header of an answer through the balancer, or of one bridge."""
        with closing(http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=seconds)) as connection:
            host = {"Host": f"127.0.0.1:{self.port}"}
            connection.request(method, path, body, FROM_PAGES | host | (headers or {}))
            answer = connection.getresponse()
            content = answer.read()
        is_json = answer.headers.get("Content-Type") == "application/json"
        return answer.status, json.loads(content) if is_json else {"bytes": len(content)}, answer.headers

    def sign_in(self) -> dict[str, str]:
        body = json.dumps({"address": ALICE, "password": PASSWORDS[ALICE]}).encode()
        status, _, headers = self.ask("POST", "/api/session", body, {"Content-Type": "application/json"})
        assert status == 200
        return {
            "Cookie": "; ".join(cookie.partition(";")[0] for cookie in headers.get_all("Set-Cookie", [])),
            **naming(),
        }

    def send(self, session: dict[str, str], message: bytes, key: str, **where: Any) -> Answer:
        headers = session | {"Content-Type": "application/octet-stream"}
        return self.ask("POST", "/api/send", upload(message, BOB, key=key), headers, **where)

    def inbox(self, session: dict[str, str]) -> str:
        """The path of the inbox in the API."""
        _, answer, _ = self.ask("GET", "/api/folders", None, session)
        return f"/api/folders/{next(folder['id'] for folder in answer['folders'] if folder['role'] == 'inbox')}"

    def let_the_time_pass(self) -> None:
        """Let the turns of the killed process run out."""
        with closing(Database(self.url)) as database, database.transaction() as rows:
            rows.execute(update(SUBMISSION).where(SUBMISSION.c.busy_until > 1).values(busy_until=1.0))

    def all_places_are_taken(self) -> bool:
        """Whether the first bridge holds all connections that the sessions may have."""
        with closing(Database(self.url)) as database, database.reading() as rows:
            places = rows.execute(select(func.count()).where(PLACE.c.kind == PlaceKind.IMAP)).scalar_one()
        return places == CLIENTS * MOST_AT_ONCE[PlaceKind.IMAP]

    def copies(self, *parts: bytes) -> list[int]:
        """How often each part is in Bob's inbox."""
        stored = [message.raw for message in self.mail.messages(BOB)]
        return [sum(part in raw for raw in stored) for part in parts]


@pytest.fixture
def site(tmp_path: Path, memory_server: MemoryMailServer) -> Iterator[Site]:
    with ExitStack() as stack:
        database = stack.enter_context(run_postgresql())
        address, url, port = memory_server.address, database.new_database(), free_port()
        assert address.imap is not None
        imap = stack.enter_context(deadly_proxy(address.imap.port))
        smtp = stack.enter_context(deadly_proxy(address.smtp.port))
        servers = replace(
            address, imap=replace(address.imap, port=imap.port), smtp=replace(address.smtp, port=smtp.port)
        )
        own_ports = [free_port(), free_port()]
        bridges = []
        for number, own_port in enumerate(own_ports):
            folder = tmp_path / f"machine-{number}"
            folder.mkdir()
            values = {
                "api_origin": json.dumps(f"http://127.0.0.1:{port}"),
                "pages_origin": json.dumps(PAGES),
                "key_server_origin": '"http://127.0.0.1:8462"',
                "database": json.dumps(url),
                "enrolment_key": json.dumps("00" * 32),
                "server.listen": json.dumps(f"127.0.0.1:{own_port}"),
                "server.workers": "1",
                "mail.timeout_seconds": "10",
            }
            file = bridge_file(folder, values, servers)
            made = sealwax("bridge", "init", "--config", str(file))
            assert made.returncode == 0, made.stderr
            health = f"http://127.0.0.1:{own_port}/api/health"
            bridges.append(
                stack.enter_context(running("bridge", "serve", "-c", str(file), folder=folder, answers=health))
            )
        stack.enter_context(run_balancer(port, own_ports, free_port(), folder=tmp_path / "nginx"))
        yield Site(
            port=port, bridges=bridges, own_ports=own_ports, database=database, url=url, mail=memory_server, imap=imap,
            smtp=smtp,
        )  # fmt: skip


def kill(service: Running) -> None:
    """Kill the service with all its processes, which can write nothing down."""
    master = service.process.pid
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    for pid in (master, *map(int, workers)):
        os.kill(pid, signal.SIGKILL)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


@dataclass(slots=True)
class Person:
    """One person who lists and sends until `ends`. A request that fails is noted, and a message is sent anew."""

    site: Site
    number: int
    ends: threading.Event = field(default_factory=threading.Event)
    answered: int = 0
    failures: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def live(self) -> None:
        session = self.site.sign_in()
        inbox = self.site.inbox(session)
        while not self.ends.is_set():
            self._try(lambda: self.site.ask("GET", f"{inbox}/messages?limit=10", None, session))
            key = f"{self.number:02}{len(self.keys):020}"
            self.keys.append(key)
            self._try(lambda key=key: self.site.send(session, self.message(len(self.keys)), key))  # type: ignore[misc]

    def message(self, count: int) -> bytes:
        return MESSAGE % (self.number, count)

    def _try(self, call: Callable[[], Answer]) -> None:
        try:
            status, answer, _ = call()
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(type(error).__name__)
        else:
            self.answered += 1
            if status != 200:
                self.failures.append(f"{status} {answer.get('code')}")


@dataclass(slots=True)
class Mover:
    """A person who lists and sends at the first bridge, and at the second one from when the first does not answer.

    Three large messages that nobody reads on, and the list, take all places of the session at the first.
    """

    site: Site
    number: int
    raw: str
    session: dict[str, str]
    inbox: str
    ends: threading.Event
    ports: list[int] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    sent: int = 0

    def open_download(self, stack: ExitStack) -> None:
        """Begin to load the large message, and read nothing of it."""
        connection = stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", self.site.own_ports[0])))
        # So small that the answer waits for its reader.
        connection.sock = socket.socket()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sock.connect(("127.0.0.1", self.site.own_ports[0]))
        connection.request("GET", self.raw, None, FROM_PAGES | {"Host": f"127.0.0.1:{self.site.port}"} | self.session)
        assert connection.getresponse().status == 200

    def list_messages(self) -> None:
        """List until the end."""
        while not self.ends.is_set():
            self._ask(
                lambda **where: self.site.ask("GET", f"{self.inbox}/messages?limit=10", None, self.session, **where)
            )

    def send_messages(self) -> None:
        """Send until the end. A message whose answer was lost is sent again under its key."""
        while not self.ends.is_set():
            self.sent += 1
            message, key = MESSAGE % (self.number, self.sent), f"{self.number:02}{self.sent:020}"
            self._ask(partial(self.site.send, self.session, message, key))

    def _ask(self, call: Callable[..., Answer]) -> None:
        begun = time.monotonic()
        try:
            status, answer, _ = call(port=self.ports[0], seconds=MOST_WAIT_SECONDS)
        except (OSError, http.client.HTTPException):
            self.ports = self.ports[-1:]
            status, answer, _ = call(port=self.ports[0], seconds=MOST_WAIT_SECONDS)
            # The killed process may have begun to send it.
            while status == ALREADY_SENDING and time.monotonic() < begun + 2 * MOST_WAIT_SECONDS:
                time.sleep(0.05)
                status, answer, _ = call(port=self.ports[0], seconds=MOST_WAIT_SECONDS)
        self.waits.append(time.monotonic() - begun)
        if status != 200:
            self.refusals.append(f"{status} {answer.get('code')}")


@pytest.mark.thorough(False)
def test_nobody_waits_above_two_seconds_for_the_places_of_a_killed_process(site: Site) -> None:
    uid = site.mail.append(ALICE, LONG)
    ends = threading.Event()
    movers = []
    for number in range(CLIENTS):
        session = site.sign_in()
        inbox = site.inbox(session)
        _, page, _ = site.ask("GET", f"{inbox}/messages?limit=10", None, session)
        raw = f"{inbox}/{page['uidValidity']}/{uid}/raw"
        movers.append(Mover(site, number, raw, session, inbox, ends, ports=list(site.own_ports)))
    with ExitStack() as downloads, ThreadPoolExecutor(2 * CLIENTS) as threads:
        downloads.callback(ends.set)
        for mover in movers:
            for _ in range(MOST_AT_ONCE[PlaceKind.DOWNLOAD]):
                mover.open_download(downloads)
        running = [threads.submit(call) for client in movers for call in (client.list_messages, client.send_messages)]
        wait_until(lambda: all(mover.sent > 3 for mover in movers) and site.all_places_are_taken())
        kill(site.bridges[0])
        before = [len(mover.waits) for mover in movers]
        wait_until(
            # A request that nobody answers in time ends its thread.
            lambda: (
                any(future.done() for future in running)
                or all(len(client.waits) > count + 10 for client, count in zip(movers, before, strict=True))
            )
        )
        ends.set()
        for future in running:
            future.result(PATIENCE_SECONDS)
    longest = Limit(
        where="two bridges", what="longest wait of four people who list and send while one is killed",
        value=max(max(mover.waits) for mover in movers), limit=MOST_WAIT_SECONDS, unit="s",
    )  # fmt: skip
    write_results(ROOT / "build" / "killed_bridge.json", describe_machine(), [], [longest])
    assert [mover.refusals for mover in movers] == [[]] * CLIENTS
    assert longest.holds, longest


def test_any_request_goes_to_any_process(site: Site) -> None:
    """A session of one is a session of the other, and so are folder ids, counters and the keys of messages."""
    session = site.sign_in()
    inbox = site.inbox(session)
    first, second = site.own_ports
    for port in (first, second, first):
        assert site.ask("GET", f"{inbox}/messages", None, session, port=port)[0] == 200
    key = "s" * 22
    headers = session | {"Content-Type": "application/octet-stream"}
    body = upload(MESSAGE % (0, 0), BOB, key=key)
    assert [site.ask("POST", "/api/send", body, headers, port=port)[1].get("outcome") for port in (first, second)] == [
        "sent", "sent",
    ]  # fmt: skip
    assert site.copies(b"<0.0@example.test>") == [1]
    assert site.ask("DELETE", "/api/session", None, session, port=first)[0] == 204
    assert site.ask("GET", f"{inbox}/messages", None, session, port=second)[0] == 401


@pytest.mark.thorough(False)
def test_a_process_killed_under_load_takes_only_its_running_requests_with_it(site: Site) -> None:
    people = [Person(site, number) for number in range(CLIENTS)]
    threads = [threading.Thread(target=person.live) for person in people]
    for thread in threads:
        thread.start()
    wait_until(lambda: all(len(person.keys) > 3 for person in people))
    kill(site.bridges[0])
    before = [len(person.keys) for person in people]
    wait_until(lambda: all(len(person.keys) > count + 3 for person, count in zip(people, before, strict=True)))
    for person in people:
        person.ends.set()
    for thread in threads:
        thread.join()
    # Each person has one running request at a time.
    assert all(len(person.failures) <= 1 for person in people), [person.failures for person in people]
    site.let_the_time_pass()
    session = site.sign_in()
    outcomes = {}
    for person in people:
        for count, key in enumerate(person.keys, 1):
            outcomes[person.number, count] = site.send(session, person.message(count), key)[1]["outcome"]
    for (number, count), outcome in outcomes.items():
        copies = site.copies(b"<%d.%d@example.test>" % (number, count))[0]
        assert copies == 1 or (copies == 0 and outcome == "perhaps"), (number, count, outcome, copies)


def test_a_database_that_is_away_is_a_503_and_needs_no_restart(site: Site) -> None:
    session = site.sign_in()
    inbox = site.inbox(session)
    site.database.stop()
    for port in site.own_ports:
        for method, path in (("GET", f"{inbox}/messages"), ("GET", "/api/session"), ("GET", "/api/ready")):
            status, answer, headers = site.ask(method, path, None, session, port=port)
            assert status == 503
            assert int(headers["Retry-After"]) > 0
            assert path == "/api/ready" or answer["code"] == "database-unavailable"
        assert site.ask("GET", "/api/health", port=port)[0] == 200
    site.database.start()
    for port in site.own_ports:
        assert site.ask("GET", f"{inbox}/messages", None, session, port=port)[0] == 200
        assert site.ask("GET", "/api/ready", port=port)[0] == 200


def test_a_database_that_goes_in_mid_fetch_breaks_no_answer(site: Site) -> None:
    uid = site.mail.append(ALICE, LARGE)
    session = site.sign_in()
    inbox = site.inbox(session)
    _, page, _ = site.ask("GET", f"{inbox}/messages", None, session)
    raw = f"{inbox}/{page['uidValidity']}/{uid}/raw"
    site.imap.arm(Direction.TO_CLIENT, len(LARGE) // 2, site.database.stop, breaks=False)
    assert site.ask("GET", raw, None, session)[:2] == (200, {"bytes": len(LARGE)})
    assert site.imap.has_struck.is_set()
    assert site.ask("GET", raw, None, session)[1]["code"] == "database-unavailable"
    site.database.start()
    assert site.ask("GET", raw, None, session)[1] == {"bytes": len(LARGE)}


def test_a_database_that_goes_in_mid_send_lets_no_message_go(site: Site) -> None:
    """The last line follows only when it is written down that it does."""
    session, message, key = site.sign_in(), MESSAGE % (1, 1) + LONG, "d" * 22
    site.smtp.arm(Direction.TO_SERVER, 100_000, site.database.stop, breaks=False)
    status, answer, headers = site.send(session, message, key)
    assert site.smtp.has_struck.wait(PATIENCE_SECONDS)
    assert (status, answer["code"]) == (503, "database-unavailable")
    assert int(headers["Retry-After"]) > 0
    assert site.copies(b"<1.1@example.test>") == [0]
    site.database.start()
    site.let_the_time_pass()
    assert [site.send(session, message, key)[1]["outcome"] for _ in range(2)] == ["sent", "sent"]
    assert site.copies(b"<1.1@example.test>") == [1]


def test_a_mail_server_that_goes_in_mid_fetch_breaks_one_answer(site: Site) -> None:
    uid = site.mail.append(ALICE, LARGE)
    session = site.sign_in()
    inbox = site.inbox(session)
    _, page, _ = site.ask("GET", f"{inbox}/messages", None, session)
    raw = f"{inbox}/{page['uidValidity']}/{uid}/raw"
    site.imap.arm(Direction.TO_CLIENT, len(LARGE) // 2, lambda: None)
    with suppress(http.client.HTTPException, OSError):
        # An answer that breaks off is an error of the transfer, or one of the API if it had not begun.
        assert site.ask("GET", raw, None, session)[0] != 200
    assert site.imap.has_struck.is_set()
    site.imap.arm(Direction.TO_CLIENT, None, lambda: None)
    assert site.ask("GET", raw, None, session)[1] == {"bytes": len(LARGE)}


def test_a_mail_server_that_goes_in_mid_send_takes_the_message_once(site: Site) -> None:
    session, message, key = site.sign_in(), MESSAGE % (2, 2) + LONG, "e" * 22
    site.smtp.arm(Direction.TO_SERVER, 100_000, lambda: None)
    status, answer, _ = site.send(session, message, key)
    assert (status, answer["code"]) == (502, "mail-server-unreachable")
    assert site.copies(b"<2.2@example.test>") == [0]
    site.smtp.arm(Direction.TO_SERVER, None, lambda: None)
    assert [site.send(session, message, key)[1]["outcome"] for _ in range(2)] == ["sent", "sent"]
    assert site.copies(b"<2.2@example.test>") == [1]
