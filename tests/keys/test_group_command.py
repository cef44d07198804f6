"""`sealwax roam group` against a running key server: Ward 3, which Alice owns, and Bob and Carol share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from roaming_keys.protocol.tickets import issue_ticket, public_key_of
from roaming_keys.server.config import KeyServerConfig
from sealwax.cli.options.parameters import now
from smime_core.blocking import run
from smime_core.identity import Pkcs12Form, export_identities
from smime_core.provider import NewKey
from tests.support.keys.computer import OF_FILES, PASSPHRASE, Computer, computer
from tests.support.keys.people import PROVIDER, TICKET_KEY
from tests.support.keys.serving import serving
from tests.support.people import anchor, person

pytestmark = [pytest.mark.server, pytest.mark.thorough]
NEW = NewKey.P384


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


@dataclass
class Home:
    """The computer of a person with an account."""

    computer: Computer
    name: str

    def p12(self, name: str, key: NewKey = NewKey.P256) -> str:
        path = self.computer.home / f"{name}-{key.value}.p12"
        made = export_identities([person(name, key)], OF_FILES.encode(), PROVIDER, form=Pkcs12Form.COMPATIBLE)
        path.write_bytes(run(made))
        return str(path)

    def pem(self, name: str) -> str:
        path = self.computer.home / f"{name}.der"
        path.write_bytes(person(name, NewKey.P256).certificate.der)
        return str(path)

    @property
    def trusting(self) -> tuple[str, ...]:
        path = self.computer.home / "anchor.der"
        path.write_bytes(anchor().der)
        return ("--anchor", str(path), "--no-revocation")

    def register(self, server: KeyServerConfig) -> None:
        user, text = f"{self.name}@example.test", self.computer.text
        ticket = text("ticket", issue_ticket(TICKET_KEY, audience=server.origin, user=user, at=now()))
        account = ("--server", server.origin, "--user", user, "--ticket-file", ticket)
        files, ours = text("files", OF_FILES), text("pass", PASSPHRASE)
        passphrases = ("--passphrase-file", files, "--new-passphrase-file", ours)
        done = self.computer.roam("register", self.p12(self.name), *account, *passphrases)
        assert done.returncode == 0, done.stderr

    def group(self, verb: str, *arguments: str, files: bool = False) -> CompletedProcess[str]:
        home = self.computer.home
        of_files = ("--file-passphrase-file", str(home / "files")) if files else ()
        return self.computer.roam("group", verb, *arguments, "--passphrase-file", str(home / "pass"), *of_files)

    def pulled(self) -> set[bytes]:
        home = self.computer.home
        done = self.computer.roam("pull", "--passphrase-file", str(home / "pass"), "-o", str(home / "mine.p12"))
        assert done.returncode == 0, done.stderr
        return self.computer.opened("mine.p12", PASSPHRASE)


def registered(server: KeyServerConfig, folder: Path, name: str) -> Home:
    home = Home(computer(folder / name), name)
    home.register(server)
    return home


def der(name: str, key: NewKey = NewKey.P256) -> bytes:
    return person(name, key).certificate.der


def test_three_people_share_a_ward(server: KeyServerConfig, tmp_path: Path) -> None:
    alice, bob, carol = (registered(server, tmp_path, name) for name in ("alice", "bob", "carol"))
    made = alice.group("create", "Ward 3", alice.p12("ward3"), files=True)
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("Ward 3 is made, with the id "), made.stdout
    assert made.stdout.endswith("Ward 3 <ward3@example.test>: version 1, 1 member\n"), made.stdout
    added = alice.group("add", "Ward 3", bob.pem("bob"), carol.pem("carol"), *alice.trusting)
    assert added.returncode == 0, added.stderr
    assert added.stdout.startswith("bob@example.test is in Ward 3, and gets its keys by: sealwax roam group take\n")

    (waiting,) = json.loads(bob.group("list", "--json").stdout)["groups"]
    assert (waiting["name"], waiting["owner"], waiting["taken"]) == (None, "alice@example.test", None)
    unknown = bob.group("take")
    assert unknown.returncode == 2
    assert unknown.stderr.endswith("--accept-owner\n"), unknown.stderr
    for member in (bob, carol):
        taken = member.group("take", *member.trusting)
        assert taken.returncode == 0, taken.stderr
        assert "owned by alice@example.test: version 2, 3 members\n" in taken.stdout
        assert member.pulled() == {der(member.name), der("ward3")}

    removed = alice.group("remove", "Ward 3", "bob@example.test")
    assert removed.stdout == (
        "Removed from Ward 3: bob@example.test. Version 3 has a new key, for 2 members.\n"
        "Mail that was encrypted for ward3@example.test so far was readable for bob@example.test, and stays so.\n"
        "Removed, but still with the key of ward3@example.test: bob@example.test. "
        "They can read new mail and sign as it.\n"
        "The owner gets a certificate with a new key, has the one of before revoked, and runs\n"
        'sealwax roam group renew "Ward 3" NEW.p12\n'
    ), removed.stderr
    assert "bob@example.test" in carol.group("take").stdout
    renewed = alice.group("renew", "Ward 3", alice.p12("ward3", NEW), files=True)
    assert renewed.stdout.endswith("version 4, 2 members\n"), renewed.stderr
    assert "version 4 is there" in carol.group("list").stdout
    # Her account knows the owner's certificate by now.
    assert carol.group("take", "Ward 3").returncode == 0
    assert carol.pulled() == {der("carol"), der("ward3"), der("ward3", NEW)}
    assert bob.pulled() == {der("bob"), der("ward3")}
    assert bob.group("take", "Ward 3").stderr == (
        "sealwax: you are in no group Ward 3: sealwax roam group list lists your groups\n"
    )
    assert "which you are not in any more" in bob.group("list").stdout


@pytest.mark.thorough(False)
def test_a_removal_with_a_new_certificate_says_what_is_left_to_do(server: KeyServerConfig, tmp_path: Path) -> None:
    alice, bob = (registered(server, tmp_path, name) for name in ("alice", "bob"))
    alice.group("create", "Ward 3", alice.p12("ward3"), files=True)
    added = alice.group("add", "Ward 3", bob.pem("bob"), *alice.trusting)
    assert added.returncode == 0, added.stderr
    taken = bob.group("take", *bob.trusting)
    assert "owned by alice@example.test: version 2, 2 members\n" in taken.stdout, taken.stderr
    removed = alice.group("remove", "Ward 3", "bob@example.test", "--identity", alice.p12("ward3", NEW), files=True)
    assert "ask its authority to revoke it" in removed.stdout, removed.stderr
    assert "Removed, but" not in removed.stdout
    listed = alice.group("list", "Ward 3")
    assert listed.stdout == "alice@example.test, certificate until 2028-05-31, the owner\n", listed.stderr


def test_the_owner_hears_of_a_member_who_has_left(server: KeyServerConfig, tmp_path: Path) -> None:
    alice, bob, carol = (registered(server, tmp_path, name) for name in ("alice", "bob", "carol"))
    alice.group("create", "Ward 3", alice.p12("ward3"), files=True)
    alice.group("add", "Ward 3", bob.pem("bob"), carol.pem("carol"), *alice.trusting)
    fingerprint = person("alice", NewKey.P256).certificate.fingerprint
    assert bob.group("take", "--accept-owner", fingerprint).returncode == 0
    owned = bob.group("delete", "Ward 3", "--yes")
    assert owned.stderr == "sealwax: alice@example.test owns this group: leave it instead\n"
    assert bob.group("remove", "Ward 3", "carol@example.test").returncode == 2
    assert bob.group("leave", "Ward 3").stdout.startswith("You have left Ward 3."), "left"
    removed = alice.group("remove", "Ward 3", "carol@example.test")
    assert removed.stderr == (
        "sealwax: bob@example.test has left the group, or the key server has removed this member\n"
    )
    assert "bob@example.test, carol@example.test" in removed.stdout or "carol@example.test, bob" in removed.stdout
    assert alice.group("delete", "Ward 3", "--yes").returncode == 0
    assert "which you are not in any more" in alice.group("list").stdout


def test_a_group_that_is_refused_keeps_nobody_from_the_others(server: KeyServerConfig, tmp_path: Path) -> None:
    """Anybody with an account can put others into groups."""
    alice, bob, carol = (registered(server, tmp_path, name) for name in ("alice", "bob", "carol"))
    for owner, name in ((carol, "night"), (alice, "ward3")):
        owner.group("create", name, owner.p12(name), files=True)
        added = owner.group("add", name, bob.pem("bob"), *owner.trusting)
        assert added.returncode == 0, added.stderr
    taken = bob.group("take", "--accept-owner", person("alice", NewKey.P256).certificate.fingerprint)
    assert (taken.returncode, "owned by alice@example.test" in taken.stdout) == (2, True), taken.stderr
    assert taken.stderr.startswith("sealwax: not taken: "), taken.stderr
    assert ", a group of carol@example.test: " in taken.stderr
    assert bob.pulled() == {der("bob"), der("ward3")}


def test_a_group_has_a_certificate_of_its_own(server: KeyServerConfig, tmp_path: Path) -> None:
    alice = registered(server, tmp_path, "alice")
    refused = alice.group("create", "Ward 3", alice.p12("alice"), files=True)
    assert refused.returncode == 2
    assert refused.stderr.startswith("sealwax: this is your own certificate")
    assert alice.group("list").stdout == "You are in no group.\n"
