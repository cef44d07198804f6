"""The demonstration, started by its command and, as in the browser tests, by `DemoStack`."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from roaming_keys.client.transport import HttpTransport
from roaming_keys.protocol.key_account import KeyAccount
from roaming_keys.protocol.login import LoginContext, log_in
from roaming_keys.protocol.messages.accounts import Device
from roaming_keys.protocol.session import Setting
from sealwax.service.web_server import ending_signals
from smime_core import RevocationPolicy, State, TrustStore, blocking
from smime_core.cms.recipients.keys import Keys
from smime_core.providers.native import NativeProvider
from smime_core.trust.judging import Judging
from smime_core.x509 import parse_certificates
from tests.support.signals import interruptible_children, started_as
from webbridge.demo.command import demo, show
from webbridge.demo.ports import HIGHEST_BASE, bind_ports
from webbridge.demo.stack import DemoStack, PagesNotBuilt

pytestmark = [pytest.mark.server, pytest.mark.main_way]

# Ports away from those of a demonstration that a developer may have running.
BASE = 18_460


@pytest.fixture(scope="module")
def pages_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    (folder / "index.html").write_text("<!doctype html><title>Sealwax</title>")
    return folder


@pytest.fixture(scope="module")
def stack(pages_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    folder = tmp_path_factory.mktemp("identities")
    with DemoStack(base_port=BASE, pages_folder=pages_folder, folder=folder) as stack:
        yield stack


def fetch_json(url: str, *, body: dict[str, Any] | None = None, cookie: str = "") -> tuple[Any, str]:
    headers = {"X-Sealwax": "1", "Content-Type": "application/json", "Cookie": cookie}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers)) as response:
        return json.load(response), response.headers.get("Set-Cookie", "").partition(";")[0]


def test_pages_api_and_key_server_answer_on_ports_in_a_row(stack: DemoStack) -> None:
    ports = [int(url.rsplit(":", 1)[1]) for url in (stack.pages_url, stack.api_url, stack.keys_url)]
    assert ports == [ports[0], ports[0] + 1, ports[0] + 2]
    with urllib.request.urlopen(stack.pages_url) as response:
        assert b"Sealwax" in response.read()
    assert fetch_json(f"{stack.pages_url}/config.json")[0] == {"api": stack.api_url, "keyServer": stack.keys_url}
    assert fetch_json(f"{stack.api_url}/api/config")[0]["maxMessageBytes"] > 0
    user = {"protocol": 2, "user": "alice@example.test"}
    assert fetch_json(f"{stack.keys_url}/parameters", body=user)[0]["protocol"] == 2


def test_each_account_signs_in_and_finds_the_other_and_a_welcome(stack: DemoStack) -> None:
    for account, other in zip(stack.accounts, reversed(stack.accounts), strict=True):
        login = {"address": account.address, "password": account.mail_password}
        _, cookie = fetch_json(f"{stack.api_url}/api/session", body=login)
        answer, _ = fetch_json(f"{stack.api_url}/api/directory", body={"address": other.address}, cookie=cookie)
        assert [b64decode(der) for der in answer["certificates"]] == [other.identity.certificate.der]
        folders, _ = fetch_json(f"{stack.api_url}/api/folders", cookie=cookie)
        inbox = folders["folders"][0]["id"]
        listed, _ = fetch_json(f"{stack.api_url}/api/folders/{inbox}/messages", cookie=cookie)
        assert [row["protection"] for row in listed["messages"]] == ["sealed"]


def test_each_welcome_is_verified_for_its_reader(stack: DemoStack) -> None:
    anchors = parse_certificates((stack.folder / "ca.pem").read_bytes())
    trust_store = TrustStore.of(*anchors, revocation=RevocationPolicy.NOT_CHECKED)
    for account in stack.accounts:
        (stored,) = stack.mail_server.messages(account.address)
        report = blocking.examine_message(
            stored.raw,
            Judging(trust_store=trust_store, at=datetime.now(UTC)),
            provider=NativeProvider(),
            keys=Keys(identities=[account.identity]),
        )
        assert report.state is State.VERIFIED


def test_the_key_server_hands_over_the_identity_for_its_passphrase(stack: DemoStack) -> None:
    alice = stack.accounts[0]
    passphrase = alice.key_passphrase.encode()
    account = KeyAccount(server=stack.keys_url, user=alice.address, passphrase=passphrase)
    setting = Setting(transport=HttpTransport(stack.keys_url), provider=NativeProvider())
    context = LoginContext(device=Device(token=bytes(32), name="a test"), known=None, at=datetime.now(UTC))
    (identity,) = blocking.run(log_in(setting, account, context)).opened.identities
    assert identity.certificate == alice.identity.certificate


def test_the_files_open_with_the_printed_passphrase(stack: DemoStack) -> None:
    for account in stack.accounts:
        path = stack.folder / f"{account.name.lower()}.p12"
        identity = blocking.load_identity(path.read_bytes(), account.key_passphrase.encode(), provider=NativeProvider())
        assert identity.certificate == account.identity.certificate


def test_passphrases_differ_from_mail_passwords_and_from_each_other(stack: DemoStack) -> None:
    secrets = [word for account in stack.accounts for word in (account.mail_password, account.key_passphrase)]
    assert len(set(secrets)) == 4


@pytest.mark.thorough
def test_a_second_demonstration_takes_other_ports(stack: DemoStack, pages_folder: Path) -> None:
    with DemoStack(base_port=BASE, pages_folder=pages_folder) as second:
        assert second.pages_url != stack.pages_url
        folder = second.folder
        assert (folder / "alice.p12").is_file()
    assert not folder.exists()


def test_everything_is_closed_at_the_end(pages_folder: Path) -> None:
    with DemoStack(base_port=BASE + 500, pages_folder=pages_folder) as stack:
        base = int(stack.pages_url.rsplit(":", 1)[1])
    for port in range(base, base + 5):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_port_in_the_middle_of_the_row_is_stepped_over() -> None:
    with socket.create_server(("127.0.0.1", BASE + 1003)):
        ports = bind_ports(BASE + 1000)
        assert ports.base > BASE + 1000
        ports.close()


def test_the_highest_ports_are_taken() -> None:
    ports = bind_ports(HIGHEST_BASE)
    assert ports.base == HIGHEST_BASE
    assert ports.authority.getsockname()[1] == 65_535
    ports.close()


def test_a_file_that_is_there_already_is_not_overwritten(pages_folder: Path, tmp_path: Path) -> None:
    precious = tmp_path / "alice.p12"
    precious.write_bytes(b"somebody's real key")
    with pytest.raises(FileExistsError), DemoStack(base_port=BASE, pages_folder=pages_folder, folder=tmp_path):
        pass
    assert precious.read_bytes() == b"somebody's real key"


def test_without_built_pages_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(PagesNotBuilt), DemoStack(base_port=BASE, pages_folder=tmp_path):
        pass


def test_the_command_refuses_a_port_that_programs_may_not_take() -> None:
    result = CliRunner().invoke(demo, ["--port", "80"])
    assert result.exit_code == 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="the command that is printed is curl's")
def test_the_printed_command_reads_the_mailbox_which_is_encrypted(stack: DemoStack) -> None:
    printed = io.StringIO()
    show(stack, Console(file=printed, width=60))
    match = re.search(r"  (curl --insecure --user) (\S+) '(imaps://\S+)'\n", printed.getvalue())
    assert match is not None
    account = stack.accounts[0]
    assert match[2] == account.address
    # curl would ask for the password at a terminal. Here it is part of the command.
    command = [*match[1].split(), f"{account.address}:{account.mail_password}", "--silent", match[3]]
    done = subprocess.run(command, capture_output=True, timeout=30, check=True)
    assert done.stdout == stack.mail_server.messages(account.address)[0].raw
    assert b"application/pkcs7-mime" in done.stdout
    assert b"only you could open this message" not in done.stdout


@pytest.mark.thorough(after=2)
@pytest.mark.parametrize(
    ("ending", "place"),
    [
        (signal.SIGINT, "foreground"),
        (signal.SIGINT, "background"),
        (signal.SIGTERM, "foreground"),
        (signal.SIGHUP, "foreground"),
    ],
)
def test_the_command_prints_what_one_needs_and_ends_cleanly(
    pages_folder: Path, tmp_path: Path, ending: signal.Signals, place: str
) -> None:
    program = (
        "import sys, pathlib; from webbridge.demo import stack, command;"
        "stack.DemoStack.__init__.__kwdefaults__['pages_folder'] = pathlib.Path(sys.argv.pop(1)); command.demo()"
    )
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    arguments = [str(pages_folder), "--port", str(BASE + 2000), "--folder", str(tmp_path / "keys")]
    with started_as(place), interruptible_children():
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "100", "TMPDIR": str(temporary)},
        )
    assert process.stdout is not None
    printed = ""
    while "Ctrl-C" not in printed:
        line = process.stdout.readline()
        assert line, "the command ended too early"
        printed += line
    process.send_signal(ending)
    rest, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert errors == ""
    match = re.search(r"http://127\.0\.0\.1:(\d+)", printed)
    # Other programs may have taken the ports that were requested.
    assert match
    assert int(match[1]) in range(BASE + 2000, BASE + 2500, 10)
    for expected in ("alice@example.test", "bob@example.test", "mail password", "key passphrase"):
        assert expected in printed
    assert str(tmp_path / "keys") in printed
    # The temporary files are deleted, and what is kept is in the requested folder.
    assert list(temporary.iterdir()) == []
    assert "Stopped" in rest
    assert f"keys stay in {tmp_path / 'keys'}" in rest
    files = [file for file in (tmp_path / "keys").rglob("*") if file.suffix in {".p12", ".json", ".eml"}]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert (tmp_path / "keys" / "alice.p12").is_file()


def test_the_keys_are_their_owners_alone(stack: DemoStack) -> None:
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in stack.folder.glob("*.p12")}
    assert modes == dict.fromkeys(("alice.p12", "authority.p12", "bob.p12", "service.p12"), 0o600)
    assert stat.S_IMODE((stack.folder / "demonstration.json").stat().st_mode) == 0o600


def test_a_second_start_with_the_same_folder_goes_on(pages_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    with DemoStack(BASE + 3000, folder, pages_folder=pages_folder) as first:
        alice, bob = first.accounts
        raw = b"From: alice@example.test\r\nSubject: kept\r\n\r\nlines\nof both kinds\r\n.\r\n"
        first.mail_server.append(bob.address, raw, "Archive")
        before = {account.address: first.mail_server.messages(account.address) for account in first.accounts}
        urls = (first.pages_url, first.api_url, first.keys_url)
        revoked = first.people.revoked.certificate.serial_number
    with DemoStack(folder=folder, pages_folder=pages_folder) as second:
        assert (second.pages_url, second.api_url, second.keys_url) == urls
        assert [account.mail_password for account in second.accounts] == [alice.mail_password, bob.mail_password]
        assert [account.identity.certificate for account in second.accounts] == [
            alice.identity.certificate,
            bob.identity.certificate,
        ]
        for address, messages in before.items():
            assert [message.raw for message in second.mail_server.messages(address)] == [
                message.raw for message in messages
            ]
        assert [message.raw for message in second.mail_server.messages(bob.address, "Archive")] == [raw]
        # The account at the key server opens as before, and the bridge takes the password.
        test_the_key_server_hands_over_the_identity_for_its_passphrase(second)
        login = {"address": alice.address, "password": alice.mail_password}
        assert fetch_json(f"{second.api_url}/api/session", body=login)[1]
        assert second.people.revoked.certificate.serial_number != revoked
    # The folder is one that can be moved away whole.
    moved = folder.rename(tmp_path / "moved")
    with DemoStack(folder=moved, pages_folder=pages_folder) as third:
        assert [message.raw for message in third.mail_server.messages(bob.address, "Archive")] == [raw]


def test_a_kept_folder_is_bound_to_its_ports(pages_folder: Path, tmp_path: Path) -> None:
    with DemoStack(BASE + 3500, tmp_path / "kept", pages_folder=pages_folder) as first:
        with pytest.raises(OSError, match="in use"), DemoStack(folder=first.folder, pages_folder=pages_folder):
            pass
        folder, base = first.folder, int(first.pages_url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match=f"ports from {base}"), DemoStack(base + 10, folder, pages_folder=pages_folder):
        pass


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"base_port": "x"}'])
def test_a_damaged_folder_is_refused_and_left_alone(pages_folder: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "demonstration.json").write_text(content)
    with (
        pytest.raises(ValueError, match=r"demonstration\.json is damaged"),
        DemoStack(folder=tmp_path, pages_folder=pages_folder),
    ):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["demonstration.json"]


def test_a_demonstration_under_nohup_outlives_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert signal.SIGHUP not in ending_signals()
    finally:
        signal.signal(signal.SIGHUP, before)
