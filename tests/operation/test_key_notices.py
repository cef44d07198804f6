"""`sealwax keys serve` sends notices by the mail server of its configuration, and `check` tries that server."""

from __future__ import annotations

import json
import time
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from sealwax.notices import working
from tests.support.servers.key_server import KeyMachine, key_machine
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS
from tests.support.servers.own_process import running
from webbridge.demo.mail_server import MemoryMailServer

pytestmark = pytest.mark.server
PATIENCE_SECONDS = 30


def machine_beside(folder: Path, mail: MemoryMailServer, **changed: object) -> KeyMachine:
    """A key server that logs in to the mail server as Bob."""
    machine = key_machine(folder)
    machine.init()
    smtp = mail.address.smtp
    values: dict[str, object] = {
        "host": smtp.host,
        "port": smtp.port,
        "security": "starttls",
        "ca_file": str(mail.address.ca_file),
        "user": BOB,
        "password": PASSWORDS[BOB],
        "sender": BOB,
        "language": "de",
    } | changed
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in values.items() if value is not None]
    with machine.file.open("a") as file:
        file.write("[notices]\n" + "".join(lines))
    return machine


def finding(machine: KeyMachine) -> tuple[str, str]:
    findings = json.loads(machine.run("check", "--json").said)["findings"]
    ((level, text),) = [(entry["level"], entry["text"]) for entry in findings if entry["part"] == "notices"]
    return level, text


def test_a_login_on_a_new_device_reaches_the_mailbox_of_the_owner(
    tmp_path: Path, memory_server: MemoryMailServer
) -> None:
    machine = machine_beside(tmp_path, memory_server)
    with running("keys", "serve", *machine.config, folder=tmp_path, answers=machine.health) as service:
        assert machine.register(ALICE)[0] == 201
        assert machine.log_in(ALICE)[0] == 200
        deadline = time.monotonic() + PATIENCE_SECONDS + working.LOOK_SECONDS
        while not memory_server.messages(ALICE):
            assert time.monotonic() < deadline, service.log.read_text()
            time.sleep(0.1)
    (arrived,) = memory_server.messages(ALICE)
    mail = message_from_bytes(arrived.raw, policy=default)
    assert mail["Subject"] == "Ihre Schlüssel wurden auf einem neuen Gerät geöffnet"
    log = service.log.read_text()
    assert not [secret for secret in (PASSWORDS[BOB], ALICE) if secret in log]
    assert "Traceback" not in log


def test_check_tries_the_mail_server(tmp_path: Path, memory_server: MemoryMailServer) -> None:
    level, text = finding(machine_beside(tmp_path, memory_server))
    assert (level, text.endswith(" answers")) == ("ok", True)


def test_check_says_that_people_get_no_notices(tmp_path: Path) -> None:
    machine = key_machine(tmp_path)
    machine.init()
    assert finding(machine) == ("warning", "people get no mail about their keys")


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("password", "wrong", "answer 535 to the login"),
        ("ca_file", None, "its certificate is not trusted, or is of another host"),
        ("security", "tls", "SSLError"),
    ],
)
def test_check_says_what_is_wrong_with_the_mail_server(
    setting: str, value: str | None, said: str, tmp_path: Path, memory_server: MemoryMailServer
) -> None:
    level, text = finding(machine_beside(tmp_path, memory_server, **{setting: value}))
    assert level == "error"
    assert text.endswith(said)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sender": None}, "sender: a mail address without quotes is expected, because host is given"),
        ({"sender": "a,b@example.test"}, "sender: a mail address without quotes is expected"),
        ({"host": "mail.example.test", "security": "none"}, "security: tls or starttls is expected"),
        ({"password": None}, "password is missing"),
        ({"language": "tlh"}, "language"),
    ],
)
def test_settings_that_could_not_work_are_refused(
    changed: dict[str, object], said: str, tmp_path: Path, memory_server: MemoryMailServer
) -> None:
    machine = machine_beside(tmp_path, memory_server, **changed)
    done = machine.run("check", "--json")
    assert done.code == 1
    text = json.loads(done.said)["findings"][0]["text"]
    assert said in text
    assert PASSWORDS[BOB] not in text
