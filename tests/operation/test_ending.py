"""The end of the running bridge by SIGTERM: a message on its way is sent, or was perhaps sent."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.servers.bridge import naming, upload
from tests.support.servers.lying_server import IMAP, SMTP, LyingServer, TakeMessage, Wait
from tests.support.servers.mailboxes import ALICE, BOB
from tests.support.servers.own_process import Running, bridge_file, running, sealwax
from tests.support.servers.ports import free_port
from webbridge.places.processes import NOTICED_SECONDS

pytestmark = pytest.mark.server

MESSAGE = b"From: alice@example.test\r\nTo: bob@example.test\r\nSubject: Supper\r\n\r\nAt eight.\r\n"
KEY = "k" * 22
BEGINNING = {"X-Sealwax": "1", "Content-Type": "application/json"}


@pytest.fixture
def servers(tls_folder: Path) -> Iterator[tuple[LyingServer, LyingServer]]:
    with LyingServer(IMAP, tls_folder=tls_folder) as imap, LyingServer(SMTP, tls_folder=tls_folder) as smtp:
        yield imap, smtp


class Page:
    """A page with a session."""

    def __init__(self, listen: str) -> None:
        self.listen = listen
        body = json.dumps({"address": ALICE, "password": "secret word"}).encode()
        status, cookie, _ = self.ask("/api/session", body, {})
        assert status == 200
        self.cookie = cookie.partition(";")[0]

    def send(self) -> tuple[int, bytes]:
        headers = {"Cookie": self.cookie, **naming(), "Content-Type": "application/octet-stream"}
        status, _, body = self.ask("/api/send", upload(MESSAGE, BOB, key=KEY), headers)
        return status, body

    def outcome(self) -> dict[str, object]:
        _, _, body = self.ask(f"/api/send/{KEY}", None, {"Cookie": self.cookie}, method="GET")
        return dict(json.loads(body))

    def ask(
        self, path: str, body: bytes | None, headers: dict[str, str], *, method: str = "POST"
    ) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(self.listen, timeout=60)
        try:
            connection.request(method, path, body, BEGINNING | headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Set-Cookie") or "", answer.read()
        finally:
            connection.close()


def started(folder: Path, servers: tuple[LyingServer, LyingServer], graceful_seconds: int) -> tuple[str, Path]:
    imap, smtp = servers
    listen = f"127.0.0.1:{free_port()}"
    values = {
        "api_origin": json.dumps(f"http://{listen}"),
        "pages_origin": '"http://127.0.0.1:8460"',
        "key_server_origin": '"http://127.0.0.1:8462"',
        "server.listen": json.dumps(listen),
        "server.workers": "1",
        "server.graceful_seconds": str(graceful_seconds),
    }
    file = bridge_file(folder, values, replace(imap.address(), smtp=smtp.address().smtp))
    made = sealwax("bridge", "init", "--config", str(file))
    assert made.returncode == 0, made.stderr
    return listen, file


def end_while_sending(service: Running, page: Page, smtp: LyingServer) -> tuple[int, tuple[int, bytes] | None]:
    """Send a message, end the service when the mail server has it, and return exit code and answer."""
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(page.send)
        while not smtp.messages and not sending.done():
            smtp.stop.wait(0.01)
        code = service.end()
        try:
            return code, sending.result()
        except (http.client.HTTPException, OSError):
            return code, None


def test_a_message_on_its_way_is_sent_before_the_bridge_ends(
    tmp_path: Path, servers: tuple[LyingServer, LyingServer]
) -> None:
    imap, smtp = servers
    listen, file = started(tmp_path, servers, 30)
    smtp.answers["DATA"] = [b"354 go on\r\n", TakeMessage(), Wait(1.5), b"250 taken\r\n"]
    with running("bridge", "serve", "-c", str(file), folder=tmp_path, answers=f"http://{listen}/api/health") as service:
        code, answer = end_while_sending(service, Page(listen), smtp)
    assert code == 0
    assert answer is not None
    assert answer[0] == 200, answer
    assert json.loads(answer[1])["outcome"] == "sent"
    assert len(smtp.messages) == 1
    # The connections that the bridge kept are closed in order.
    assert imap.commands("LOGOUT")


@pytest.mark.thorough
def test_a_message_that_takes_longer_than_the_time_to_end_was_perhaps_sent(
    tmp_path: Path, servers: tuple[LyingServer, LyingServer]
) -> None:
    listen, file = started(tmp_path, servers, 1)
    servers[1].answers["DATA"] = [b"354 go on\r\n", TakeMessage(), Wait(60)]
    health = f"http://{listen}/api/health"
    with running("bridge", "serve", "-c", str(file), folder=tmp_path, answers=health) as service:
        page = Page(listen)
        code, answer = end_while_sending(service, page, servers[1])
    assert (code, answer) == (0, None)
    with running("bridge", "serve", "-c", str(file), folder=tmp_path, answers=health):
        # Until the end of the process before is noticed, it might still hear that the message was sent.
        deadline = time.monotonic() + NOTICED_SECONDS
        while page.outcome().get("code") == "already-sending" and time.monotonic() < deadline:
            time.sleep(0.05)
        assert page.outcome() == {"outcome": "perhaps", "savedTo": None}
        assert json.loads(page.send()[1])["outcome"] == "perhaps"
    assert len(servers[1].messages) == 1
