"""`sealwax roam` against a running key server: two computers of one person."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from roaming_keys.protocol.tickets import Purpose, issue_ticket, public_key_of
from roaming_keys.server.config import KeyServerConfig
from sealwax.cli.options.parameters import now
from smime_core.trust import (
    Contacts,
    Decision,
    DecisionKind,
    build_contacts,
    build_decisions,
    parse_contacts,
    parse_decisions,
)
from tests.support.keys.computer import OF_FILES, PASSPHRASE, computer
from tests.support.keys.contacts import contact
from tests.support.keys.people import TICKET_KEY, USER, identity
from tests.support.keys.serving import serving
from tests.support.people import NOW, person

pytestmark = [pytest.mark.server, pytest.mark.thorough]
OTHER = "five other words on paper"


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


@pytest.mark.thorough(False)
def test_two_computers_share_one_account(server: KeyServerConfig, tmp_path: Path) -> None:
    laptop, desktop = computer(tmp_path / "laptop"), computer(tmp_path / "desktop")
    account = ("--server", server.origin, "--user", USER)
    ticket = laptop.text("ticket", issue_ticket(TICKET_KEY, audience=server.origin, user=USER, at=now()))
    ours, files = laptop.text("pass", PASSPHRASE), laptop.text("files", OF_FILES)
    first, second = laptop.identities("first.p12", 0), laptop.identities("second.p12", 1)

    made = laptop.roam(
        "register", first, *account, "--ticket-file", ticket, "--passphrase-file", files, "--new-passphrase-file", ours
    )
    assert (made.returncode, made.stdout) == (0, f"{USER} is registered at {server.origin}.\n"), made.stderr
    file = laptop.home / "data/sealwax/roaming.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    pushed = laptop.roam("push", second, "--passphrase-file", ours, "--file-passphrase-file", files)
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout.startswith(f"{USER} at {server.origin}: version 2\n")

    pulled = desktop.roam("pull", *account, "--passphrase-file", ours, "-o", str(desktop.home / "mine.p12"))
    assert pulled.returncode == 0, pulled.stderr
    assert desktop.opened("mine.p12", PASSPHRASE) == {identity(number).certificate.der for number in (0, 1)}
    assert stat.S_IMODE((desktop.home / "mine.p12").stat().st_mode) == 0o600

    listed = json.loads(laptop.roam("devices", "--passphrase-file", ours, "--json").stdout)["devices"]
    assert [device["isThis"] for device in listed] == [True, False]
    itself = laptop.roam("revoke", listed[0]["id"], "--passphrase-file", ours)
    assert (itself.returncode, itself.stderr) == (2, "sealwax: this device cannot revoke itself\n")
    revoked = laptop.roam("revoke", listed[1]["id"], "--passphrase-file", ours)
    assert (revoked.returncode, revoked.stdout) == (0, "1 device revoked.\n"), revoked.stderr

    made_code = laptop.roam("recovery-code", "--passphrase-file", ours)
    code = made_code.stdout
    assert made_code.stderr == "sealwax: this code opens the account from now on, and an earlier one no longer does\n"
    # A code that could not be shown has not taken the place of the one on paper, by which `desktop` recovers below.
    with Path("/dev/full").open("w") as full:
        unshown = laptop.roam("recovery-code", "--passphrase-file", ours, output=full)
    assert unshown.returncode != 0
    assert "version 4" in laptop.roam("login", "--passphrase-file", ours).stdout
    new = laptop.text("new", OTHER)
    changed = laptop.roam("passwd", "--passphrase-file", ours, "--new-passphrase-file", new)
    assert changed.returncode == 0, changed.stderr
    refused = laptop.roam("login", "--passphrase-file", ours)
    assert (refused.returncode, refused.stderr) == (1, "sealwax: The address or the passphrase is not right.\n")

    paper = desktop.text("paper", code)
    recovered = desktop.roam("recover", "--code-file", paper, "--new-passphrase-file", ours)
    assert recovered.returncode == 0, recovered.stderr
    shown = desktop.roam("login", "--passphrase-file", ours)
    assert "version 6" in shown.stdout, shown.stderr
    deleted = desktop.roam("delete", "--passphrase-file", ours, "--yes")
    assert deleted.stdout == "The account is deleted.\n", deleted.stderr
    gone = laptop.roam("login", "--passphrase-file", ours)
    assert gone.returncode == 1


def accepted(*names: str) -> tuple[Decision, ...]:
    return tuple(
        Decision(
            certificate=person(name).certificate,
            kind=DecisionKind.EXACT,
            addresses=(f"{name}@example.test",),
            accepted_at=NOW,
        )
        for name in names
    )


def test_contacts_and_decisions_of_two_computers_are_merged(server: KeyServerConfig, tmp_path: Path) -> None:
    laptop, desktop = computer(tmp_path / "laptop"), computer(tmp_path / "desktop")
    account = ("--server", server.origin, "--user", USER)
    ticket = laptop.text("ticket", issue_ticket(TICKET_KEY, audience=server.origin, user=USER, at=now()))
    ours, files = laptop.text("pass", PASSPHRASE), laptop.text("files", OF_FILES)
    at = ("--passphrase-file", ours)
    first = laptop.identities("first.p12", 0)
    laptop.roam(
        *("register", first, *account, "--ticket-file", ticket),
        "--passphrase-file",
        files,
        "--new-passphrase-file",
        ours,
    )
    decisions = [machine.home / "config/sealwax/decisions.json" for machine in (laptop, desktop)]
    contacts = [machine.home / "data/sealwax/contacts.json" for machine in (laptop, desktop)]
    people = Contacts(people=(contact("bob"), contact("carol")))
    for path, data in (
        (decisions[0], build_decisions(accepted("dave", "erin"))),
        (contacts[0], build_contacts(people)),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for done in (
        laptop.roam("push", *at),
        desktop.roam("pull", *account, *at, "-o", str(desktop.home / "keys.p12")),
    ):
        assert (done.returncode, done.stderr) == (0, "")
    # A device keeps its own order, and gets what is new to it in that of the fingerprints.
    assert set(parse_decisions(decisions[1].read_bytes())) == set(accepted("dave", "erin"))
    assert parse_contacts(contacts[1].read_bytes()) == people
    (base,) = (desktop.home / "data/sealwax").glob("roaming_*.json")
    assert stat.S_IMODE(base.stat().st_mode) == stat.S_IMODE(contacts[1].stat().st_mode) == 0o600
    assert b"bob@" not in base.read_bytes()

    decisions[1].write_bytes(build_decisions(accepted("erin", "frank")))
    contacts[0].write_bytes(build_contacts(people.without("bob@example.test")))
    for machine in (desktop, laptop, desktop):
        done = machine.roam("push", *at)
        assert (done.returncode, done.stderr) == (0, "")
    for path in decisions:
        assert set(parse_decisions(path.read_bytes())) == set(accepted("erin", "frank"))
    for path in contacts:
        assert [entry.address for entry in parse_contacts(path.read_bytes()).people] == ["carol@example.test"]
    assert desktop.roam("delete", *at, "--yes").returncode == 0
    assert not base.exists()


def test_a_database_that_was_set_back_is_found_out(server: KeyServerConfig, tmp_path: Path) -> None:
    laptop = computer(tmp_path / "laptop")
    ticket = laptop.text("ticket", issue_ticket(TICKET_KEY, audience=server.origin, user=USER, at=now()))
    ours, files = laptop.text("pass", PASSPHRASE), laptop.text("files", OF_FILES)
    laptop.roam(
        *("register", laptop.identities("first.p12", 0), "--server", server.origin, "--user", USER),
        *("--ticket-file", ticket, "--passphrase-file", files, "--new-passphrase-file", ours),
    )
    assert laptop.roam("login", "--passphrase-file", ours).returncode == 0
    database = tmp_path / "keys.sqlite"
    with sqlite3.connect(database) as rows:
        before = rows.execute("SELECT version, bundle_id, sealed FROM record").fetchone()
    second = laptop.identities("second.p12", 1)
    laptop.roam("push", second, "--passphrase-file", ours, "--file-passphrase-file", files)
    with sqlite3.connect(database) as rows:
        rows.execute("UPDATE record SET version = ?, bundle_id = ?, sealed = ?", before)
    rows.close()
    refused = laptop.roam("login", "--passphrase-file", ours)
    text = "the key server gives version 1, but this device has seen version 2"
    assert (refused.returncode, refused.stderr) == (1, f"sealwax: {text}\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("login",), "say which account: give --server and --user"),
        (("register", "x.p12"), "give one of --bridge and --ticket-file"),
        (("login", "--server", "http://keys.example.test", "--user", USER), "expected https, or http on this machine"),
        (("login", "--server", "https://keys.example.test", "--user", "nobody"), "expected a mail address"),
    ],
)
def test_a_command_says_what_is_missing(tmp_path: Path, arguments: tuple[str, ...], text: str) -> None:
    done = computer(tmp_path / "laptop").roam(*arguments)
    assert (done.returncode, text in done.stderr) == (2, True), done.stderr


def test_a_forgotten_passphrase_is_reset_by_mail_after_a_wait(server: KeyServerConfig, tmp_path: Path) -> None:
    laptop, desktop = computer(tmp_path / "laptop"), computer(tmp_path / "desktop")
    account = ("--server", server.origin, "--user", USER)
    ours, other, files = laptop.text("pass", PASSPHRASE), laptop.text("other", OTHER), laptop.text("files", OF_FILES)
    first, second = laptop.identities("first.p12", 0), desktop.identities("second.p12", 1)

    def ticket(purpose: Purpose) -> tuple[str, str]:
        text = issue_ticket(TICKET_KEY, audience=server.origin, user=USER, at=now(), purpose=purpose)
        return "--ticket-file", desktop.text("ticket", text)

    def reset(*arguments: str) -> CompletedProcess[str]:
        return desktop.roam("reset", *arguments, *account, *ticket(Purpose.RESET))

    laptop.roam(
        *("register", first, *account, *ticket(Purpose.ENROLMENT)),
        *("--passphrase-file", files, "--new-passphrase-file", ours),
    )
    started = reset()
    assert started.returncode == 0, started.stderr
    assert started.stdout.startswith(f"The reset of {USER} can be finished from ")
    shown = laptop.roam("login", "--passphrase-file", ours)
    assert "a reset of this account was started by mail" in shown.stderr
    stopped = laptop.roam("stop-reset", "--passphrase-file", ours)
    assert stopped.stdout.startswith("The reset is stopped."), stopped.stderr
    assert laptop.roam("login", "--passphrase-file", ours).stderr == ""

    reset()
    early = reset(second, "--passphrase-file", files, "--new-passphrase-file", other)
    assert early.returncode != 0
    assert "the reset has to wait until" in early.stderr
    with sqlite3.connect(tmp_path / "keys.sqlite") as rows:
        rows.execute("UPDATE account_reset SET started = started - 259200, ready = ready - 259200")
    rows.close()
    done = reset(second, "--passphrase-file", files, "--new-passphrase-file", other)
    assert done.stdout.startswith(f"{USER} has a new account"), done.stderr
    line = f"\nreset on {now():%Y-%m-%d} by mail login\n"
    assert line in desktop.roam("login", *account, "--passphrase-file", other).stdout

    login = laptop.roam("login", "--passphrase-file", other)
    assert (login.returncode, login.stdout) == (2, "")
    day = f"{now():%Y-%m-%d}"
    assert f"this account was reset on {day} by mail login" in login.stderr
    assert f"repeat this with --accept-reset {day}" in login.stderr
    assert laptop.roam("login", "--passphrase-file", other, "--accept-reset", "2020-01-31").returncode == 2
    assert line in laptop.roam("login", "--passphrase-file", other, "--accept-reset", day).stdout
    assert line in laptop.roam("login", "--passphrase-file", other).stdout

    back = laptop.roam("undo-reset", "--passphrase-file", ours)
    assert back.stdout == f"The account of {USER} from before the reset is back.\n", back.stderr
    assert "reset on" not in laptop.roam("login", "--passphrase-file", ours).stdout
    login = desktop.roam("login", "--passphrase-file", ours)
    assert "repeat this with --accept-reset undone" in login.stderr
    assert desktop.roam("login", "--passphrase-file", ours, "--accept-reset", "undone").returncode == 0
