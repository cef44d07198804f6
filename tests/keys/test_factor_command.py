"""`sealwax roam factor` and a login that asks for a code, against a running key server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from subprocess import PIPE, Popen

import pyotp
import pytest
from sqlalchemy import insert

from roaming_keys.protocol.tickets import issue_ticket, public_key_of
from roaming_keys.server.accounts.factors import AddedFactor
from roaming_keys.server.accounts.store import Store
from roaming_keys.server.config import KeyServerConfig
from roaming_keys.server.database.tables import SESSION
from roaming_keys.server.factors.kept import SharedSecret
from roaming_keys.server.master_key.server_keys import KeyRing
from sealwax.cli.options.parameters import now
from tests.support.keys.computer import OF_FILES, PASSPHRASE, Computer, computer
from tests.support.keys.people import TICKET_KEY, USER
from tests.support.keys.serving import serving
from tests.support.servers.own_process import SEALWAX, clean_environment

pytestmark = [pytest.mark.server, pytest.mark.thorough]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KeyServerConfig]:
    config = KeyServerConfig(
        origin="http://127.0.0.1",
        database=tmp_path / "keys.sqlite",
        ticket_key=public_key_of(TICKET_KEY),
        master_key=bytes(32),
    )
    with serving(config) as running:
        yield running


def registered(laptop: Computer, server: KeyServerConfig) -> tuple[str, ...]:
    """The options of a login to a new account."""
    account = ("--server", server.origin, "--user", USER)
    ticket = laptop.text("ticket", issue_ticket(TICKET_KEY, audience=server.origin, user=USER, at=now()))
    ours, files = laptop.text("pass", PASSPHRASE), laptop.text("files", OF_FILES)
    first = laptop.identities("first.p12", 0)
    made = laptop.roam(
        "register", first, *account, "--ticket-file", ticket, "--passphrase-file", files, "--new-passphrase-file", ours
    )
    assert made.returncode == 0, made.stderr
    return *account, "--passphrase-file", ours


def test_a_login_of_the_command_asks_for_a_code(server: KeyServerConfig, tmp_path: Path) -> None:
    laptop = computer(tmp_path / "laptop")
    login = registered(laptop, server)
    with closing(Store(server.database, KeyRing(server.key_source))) as store:
        added = AddedFactor(name="my phone", means=SharedSecret(secret=bytes(20)), counter=0)
        times = {"started": now().timestamp(), "ends": now().timestamp() + 60}
        with store.database.transaction() as rows:
            rows.execute(insert(SESSION).values(key=b"k" * 32, user=USER, device="", counter=0, **times))
        caller = store.sessions.find(b"k" * 32, now())
        assert caller is not None
        store.factors.add(caller, added, now())
    codes = pyotp.TOTP("A" * 32)

    refused = laptop.roam("login", *login, typed="12345\n")
    assert refused.returncode != 0
    assert "the code has 6 digits" in refused.stderr
    at = now()
    typed = f"{codes.at(at, counter_offset=7)}\n{codes.at(at)}\n"
    listed = laptop.roam("factor", "list", *login, "--json", typed=typed)
    assert listed.returncode == 0, listed.stderr
    assert "Wait for the next one" in listed.stderr
    (known,) = json.loads(listed.stdout)["factors"]
    assert (known["kind"], known["name"]) == ("totp", "my phone")
    code = codes.at(at, counter_offset=1)
    removed = laptop.roam("factor", "remove", known["id"], *login, typed=f"{code}\n")
    assert (removed.returncode, removed.stdout) == (0, "my phone is removed.\n"), removed.stderr
    assert laptop.roam("login", *login).returncode == 0


def test_an_app_is_added_by_the_command(server: KeyServerConfig, tmp_path: Path) -> None:
    laptop = computer(tmp_path / "laptop")
    login = registered(laptop, server)
    environment = clean_environment(**laptop.variables)
    words = (*SEALWAX, "roam", "factor", "add", "--name", "my phone", *login)
    with Popen(words, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        lines = process.stderr.readline() + process.stderr.readline()
        (secret,) = re.findall(r"secret=([A-Z2-7]{32})&", lines)
        assert " ".join(re.findall("....", secret)) in lines
        out, rest = process.communicate(pyotp.TOTP(secret).now() + "\n", timeout=60)
    assert (process.returncode, out) == (0, "my phone is added. Each login asks for a second factor now.\n"), rest
    listed = laptop.roam("factor", "list", *login, typed=pyotp.TOTP(secret).at(now(), counter_offset=1) + "\n")
    assert "my phone, authenticator app, last used 20" in listed.stdout, listed.stderr
