"""Two versions of the bridge and one database: one after another, one step back, and refusals in one sentence."""

from __future__ import annotations

import http.client
import json
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from roaming_keys.server.database import SCHEMA as KEYS_SCHEMA
from sealwax.service import Database
from tests.support.databases.rows import read_all
from tests.support.databases.versions_of import later_schema, revisions_of
from tests.support.servers.bridge import naming, upload
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.servers.own_process import bridge_file, running, sealwax
from tests.support.servers.ports import free_port
from webbridge.database import SCHEMA
from webbridge.demo.mail_server import MemoryMailServer

pytestmark = [pytest.mark.server, pytest.mark.thorough]

PAGES = "http://127.0.0.1:8460"
MESSAGE = b"From: alice@example.test\r\nMessage-ID: <%d@example.test>\r\n\r\nA line.\r\n"
Answer = tuple[int, dict[str, Any]]


def init(folder: Path, url: str) -> tuple[str, str]:
    """A configuration with a database. Returns the words that name it."""
    names = ("--config", str(folder / "bridge.toml"))
    made = sealwax("bridge", "init", *names, "--database", url)
    assert made.returncode == 0, made.stderr
    return names


def is_of(url: str, revision: str) -> None:
    with closing(Database(url)) as database, database.transaction() as rows:
        rows.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


@pytest.mark.parametrize(
    "command", ["serve", *(pytest.param(verb, marks=pytest.mark.thorough) for verb in ("events", "init", "step-back"))]
)
def test_a_database_of_a_newer_version_stops_each_command_with_one_sentence(
    database_url: str, tmp_path: Path, command: str
) -> None:
    names = init(tmp_path, database_url)
    is_of(database_url, "bridge_9999")
    with closing(Database(database_url)) as database:
        before = read_all(database)
        done = sealwax("bridge", command, *names)
        assert done.returncode != 0
        assert done.stderr == (
            "sealwax: The database has revision bridge_9999, and this program knows revisions up to"
            f" {revisions_of(SCHEMA)[-1]}: a newer version of Sealwax has written it."
            " Start that version, or run its command step-back.\n"
        )
        assert read_all(database) == before


def test_a_database_of_a_build_between_two_releases_stops_the_bridge_with_one_sentence(
    database_url: str, tmp_path: Path
) -> None:
    names = init(tmp_path, database_url)
    is_of(database_url, "bridge_0010")
    with closing(Database(database_url)) as database:
        before = read_all(database)
        for command in ("serve", "step-back"):
            done = sealwax("bridge", command, *names)
            assert done.returncode != 0
            assert done.stderr == (
                "sealwax: A build between two releases has made this database (revision bridge_0010), and this program"
                " cannot upgrade it: keep it for that build, and name a new database by the setting database.\n"
            )
        assert read_all(database) == before


def test_step_back_leads_to_the_revision_before_and_says_so(tmp_path: Path) -> None:
    *_, before, newest = revisions_of(SCHEMA)
    names = init(tmp_path, str(tmp_path / "one.sqlite"))
    done = sealwax("bridge", "step-back", *names)
    assert (done.returncode, done.stdout) == (0, f"the database has revision {before}\n")
    findings = json.loads(sealwax("bridge", "check", *names, "--json").stdout)["findings"]
    assert f"it has revision {before}, and this program knows {newest}" in [row["text"] for row in findings]
    init(tmp_path, str(tmp_path / "one.sqlite"))
    assert SCHEMA.state(tmp_path / "one.sqlite").revision == newest


@pytest.mark.thorough
def test_the_key_servers_database_steps_back_too_and_a_missing_file_is_not_made(tmp_path: Path) -> None:
    init(tmp_path, str(tmp_path / "bridge.sqlite"))
    names = ("-c", str(tmp_path / "keys.toml"))
    ticket = sealwax("bridge", "ticket-key", "-c", str(tmp_path / "bridge.toml")).stdout.strip()
    made = sealwax("keys", "init", *names, "--database", str(tmp_path / "keys.sqlite"), "--ticket-key", ticket)
    assert made.returncode == 0, made.stderr
    before = revisions_of(KEYS_SCHEMA)[-2]
    assert sealwax("keys", "step-back", *names).stdout == f"the database has revision {before}\n"
    (tmp_path / "keys.sqlite").unlink()
    done = sealwax("keys", "step-back", *names)
    assert done.stderr == f"sealwax: {tmp_path}/keys.sqlite is missing\n"
    assert not (tmp_path / "keys.sqlite").exists()


@dataclass(slots=True)
class Place:
    """Bridges of one origin at ports of their own."""

    host: str

    def ask(self, port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            usual = {"Host": self.host, "Origin": PAGES, "X-Sealwax": "1", "Content-Type": "application/json"}
            usual |= naming()
            connection.request(method, path, body, usual | fields)
            answer = connection.getresponse()
            content = answer.read()
            members = json.loads(content) if content else {}
            cookies = answer.headers.get_all("Set-Cookie", [])
            return answer.status, {"cookie": "; ".join(cookie.partition(";")[0] for cookie in cookies), **members}

    def sign_in(self, port: int) -> str:
        body = json.dumps({"address": ALICE, "password": PASSWORDS[ALICE]}).encode()
        status, answer = self.ask(port, "POST", "/api/session", body)
        assert status == 200, answer
        return str(answer["cookie"])

    def send(self, port: int, cookie: str, number: int) -> Answer:
        body = upload(MESSAGE % number, BOB, key=f"{number:022d}")
        return self.ask(port, "POST", "/api/send", body, Cookie=cookie, Content_Type="application/octet-stream")


@dataclass(slots=True)
class Load:
    """Somebody who signs in, lists and sends at one bridge, again and again."""

    place: Place
    port: int
    rounds: int = 0
    failures: list[str] = field(default_factory=list)
    ends: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ends.is_set():
            try:
                cookie = self.place.sign_in(self.port)
                answers = [
                    self.place.ask(self.port, "GET", "/api/folders", Cookie=cookie),
                    self.place.send(self.port, cookie, self.rounds + 100),
                    self.place.ask(self.port, "DELETE", "/api/session", Cookie=cookie),
                ]
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))
            else:
                self.failures += [str(answer) for status, answer in answers if status >= 400]
            self.rounds += 1

    def wait_for_rounds(self, count: int) -> None:
        goal = self.rounds + count
        wait_until(lambda: self.rounds >= goal)


def wait_until(condition: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(1200):
        if condition():
            return
        waiting.wait(0.05)
    raise TimeoutError


@pytest.mark.thorough(False)
def test_a_later_version_takes_over_while_the_bridge_before_it_serves_and_gives_back(
    tmp_path: Path, memory_server: MemoryMailServer, postgresql: Any
) -> None:
    url, ports = postgresql.new_database(), (free_port(), free_port())
    place = Place(f"127.0.0.1:{ports[0]}")
    later = later_schema(SCHEMA, "session", tmp_path)
    program = (sys.executable, "-m", "tests.support.servers.later_version", str(later.package))

    def configured(port: int) -> dict[str, Any]:
        folder = tmp_path / str(port)
        folder.mkdir()
        values = {
            "api_origin": json.dumps(f"http://{place.host}"),
            "pages_origin": json.dumps(PAGES),
            "key_server_origin": '"http://127.0.0.1:8462"',
            "database": json.dumps(url),
            "enrolment_key": json.dumps("00" * 32),
            "server.listen": json.dumps(f"127.0.0.1:{port}"),
            "server.workers": "1",
        }
        file = bridge_file(folder, values, memory_server.address)
        return {"config": str(file), "folder": folder, "answers": f"http://127.0.0.1:{port}/api/health"}

    first_bridge, second_bridge = map(configured, ports)

    def served(place: dict[str, Any], **options: Any) -> Any:
        return running(
            "bridge",
            "serve",
            "-c",
            place["config"],
            **{"folder": place["folder"], "answers": place["answers"]} | options,
        )

    with served(first_bridge):
        session = place.sign_in(ports[0])
        assert place.send(ports[0], session, 1)[1]["outcome"] == "sent"
        load = Load(place, ports[0])
        thread = threading.Thread(target=load.run)
        thread.start()
        try:
            load.wait_for_rounds(3)
            with served(second_bridge, program=program):
                assert later.state(url).revision == "bridge_9999"
                load.wait_for_rounds(5)
                # Sessions and keys of messages are those of both.
                assert place.ask(ports[1], "GET", "/api/session", Cookie=session)[1]["address"] == ALICE
                assert place.send(ports[1], session, 1)[1]["outcome"] == "sent"
                theirs = place.sign_in(ports[1])
                assert place.ask(ports[0], "GET", "/api/folders", Cookie=theirs)[0] == 200
                assert place.ask(ports[0], "GET", "/api/ready")[1]["status"] == "ok"
        finally:
            load.ends.set()
            thread.join()
    assert load.failures == []
    arrived = [message.raw for message in memory_server.messages(BOB)]
    for number in (1, *range(100, 100 + load.rounds)):
        assert sum(b"<%d@example.test>" % number in raw for raw in arrived) == 1
    refused = sealwax("bridge", "serve", "-c", first_bridge["config"])
    assert "a newer version of Sealwax has written it" in refused.stderr
    back = sealwax("bridge", "step-back", "-c", second_bridge["config"], program=program)
    assert back.stdout == f"the database has revision {revisions_of(SCHEMA)[-1]}\n"
    with served(first_bridge):
        assert place.ask(ports[0], "GET", "/api/session", Cookie=session)[1]["address"] == ALICE
