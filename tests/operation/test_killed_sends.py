"""The bridge is killed in the middle of a send: copies at the recipient are one or none, and "sent" is said of one."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.servers.bridge import naming, upload
from tests.support.servers.deadly_proxy import DeadlyProxy, Direction, deadly_proxy
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.servers.own_process import Running, bridge_file, running, sealwax
from tests.support.servers.ports import free_port
from webbridge.demo.mail_server import MemoryMailServer

pytestmark = pytest.mark.server

FROM_PAGES = {"Origin": "http://127.0.0.1:8460", "X-Sealwax": "1"}
MESSAGE = b"From: alice@example.test\r\nMessage-ID: <one@example.test>\r\n\r\n" + b"A line of the message.\r\n" * 200
# The last bytes in each direction are the line that ends the message and its answer, and then QUIT.
NEAR_THE_END = 400


class Site:
    """A bridge whose way to the submission server is a deadly proxy."""

    def __init__(self, folder: Path, server: MemoryMailServer, proxy: DeadlyProxy) -> None:
        self.folder, self.proxy, self.server = folder, proxy, server
        self.listen = f"127.0.0.1:{free_port()}"
        values = {
            "api_origin": json.dumps(f"http://{self.listen}"),
            "pages_origin": '"http://127.0.0.1:8460"',
            "key_server_origin": '"http://127.0.0.1:8462"',
            "server.listen": json.dumps(self.listen),
            "server.workers": "1",
        }
        address = server.address
        smtp = replace(address.smtp, port=proxy.port)
        self.file = bridge_file(folder, values, replace(address, smtp=smtp))
        made = sealwax("bridge", "init", "--config", str(self.file))
        assert made.returncode == 0, made.stderr

    def running(self) -> AbstractContextManager[Running]:
        """Run the bridge during the block."""
        health = f"http://{self.listen}/api/health"
        return running("bridge", "serve", "-c", str(self.file), folder=self.folder, answers=health)

    def sign_in(self) -> dict[str, str]:
        """The headers of a request with a session."""
        body = json.dumps({"address": ALICE, "password": PASSWORDS[ALICE]}).encode()
        status, cookie, _ = self.ask("POST", "/api/session", body, {"Content-Type": "application/json"})
        assert status == 200
        return {"Cookie": cookie.partition(";")[0], **naming()}

    def send(self, session: dict[str, str], key: str) -> tuple[int, dict[str, str]]:
        headers = session | {"Content-Type": "application/octet-stream"}
        status, _, answer = self.ask("POST", "/api/send", upload(MESSAGE, BOB, key=key), headers)
        return status, answer

    def outcome(self, session: dict[str, str], key: str) -> str:
        _, _, answer = self.ask("GET", f"/api/send/{key}", None, session)
        return answer.get("outcome", answer.get("code", ""))

    def ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str, dict[str, str]]:
        with closing(http.client.HTTPConnection(self.listen, timeout=60)) as connection:
            connection.request(method, path, body, FROM_PAGES | headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Set-Cookie") or "", json.loads(answer.read())

    def let_the_time_pass(self) -> None:
        """Let the turn of the killed process run out."""
        with closing(sqlite3.connect(self.folder / "state" / "bridge.sqlite")) as rows:
            rows.execute("UPDATE submission SET busy_until = 1 WHERE busy_until > 1")
            rows.commit()


def kill(service: Running) -> None:
    """Kill the service with all its processes, which can write nothing down."""
    master = service.process.pid
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    for pid in (master, *map(int, workers)):
        os.kill(pid, signal.SIGKILL)


def measure(site: Site) -> dict[Direction, int]:
    """The bytes of one whole send in both directions."""
    site.proxy.arm(Direction.TO_SERVER, None, lambda: None)
    with site.running():
        assert site.send(site.sign_in(), "m" * 22)[1]["outcome"] == "sent"
    return dict(site.proxy.passed)


def kill_at(site: Site, key: str, direction: Direction, after: int) -> tuple[str, str]:
    """Send, kill the bridge after so many bytes, and start the next. Return its word before and after a repetition."""
    with site.running() as service:
        session = site.sign_in()
        site.proxy.arm(direction, after, lambda: kill(service))
        with ThreadPoolExecutor() as pool:
            sending = pool.submit(site.send, session, key)
            with suppress(OSError, http.client.HTTPException):
                sending.result()
        # The lengths of a TLS connection differ a little, so the last point may come after the end.
        if not site.proxy.has_struck.is_set():
            kill(service)
        service.process.wait(timeout=60)
    site.proxy.arm(Direction.TO_SERVER, None, lambda: None)
    with site.running():
        session = site.sign_in()
        site.let_the_time_pass()
        before = site.outcome(session, key)
        _, answer = site.send(session, key)
        assert answer["outcome"] == site.outcome(session, key)
        return before, answer["outcome"]


def points(total: dict[Direction, int], count: int) -> list[tuple[Direction, int]]:
    """Points of a send: half of them spread over it, the others near its end. Of 38, these are 52."""
    spread = [
        (direction, 1 + (number * (total[direction] - 2)) // count)
        for direction in Direction
        for number in range(count // 3)
    ]
    ends = [
        (direction, max(1, total[direction] - (number * NEAR_THE_END) // count))
        for direction in Direction
        for number in range(count - 2 * (count // 3))
    ]
    return [*spread, *ends]


@pytest.mark.parametrize("count", [3, pytest.param(38, marks=pytest.mark.thorough)])
def test_a_killed_bridge_sends_nothing_twice_and_says_sent_only_of_what_is_there(
    tmp_path: Path, memory_server: MemoryMailServer, count: int
) -> None:
    lines: list[str] = []
    with deadly_proxy(memory_server.address.smtp.port) as proxy:
        site = Site(tmp_path, memory_server, proxy)
        total = measure(site)
        for number, (direction, after) in enumerate(points(total, count)):
            copies = len(memory_server.messages(BOB))
            before, outcome = kill_at(site, f"{number:022d}", direction, after)
            copies = len(memory_server.messages(BOB)) - copies
            where = f"{after} of {total[direction]} bytes {direction.value}: {before}, then {outcome}, {copies} copies"
            lines.append(where)
            assert outcome in ("sent", "perhaps"), where
            assert copies <= 1, where
            assert copies == 1 or outcome != "sent", where
            assert before in ("unknown", "perhaps", "sent"), where
    print("\n".join(lines))
