"""`sealwax keys`: the master key is made once, replaced while servers serve, and restored with the database."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from roaming_keys.protocol.messages.accounts import KeyRecord, LoginAnswer
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.master_key.bound_key import fingerprint_in
from roaming_keys.server.master_key.key_sources import KeyFile
from roaming_keys.server.master_key.rotation import heads_in
from roaming_keys.server.master_key.server_keys import KeyRing, MasterKey, ServerKeys
from sealwax.service import Database
from tests.support.databases.killed_commands import command_is_killed_at
from tests.support.servers.key_server import Done, KeyMachine, key_machine, record_of
from tests.support.servers.own_process import Running, clean_environment, running, sealwax

pytestmark = pytest.mark.server

ALICE, BOB = "alice@example.test", "bob@example.test"


@contextmanager
def serving(machine: KeyMachine, **variables: str) -> Iterator[Running]:
    command = ("keys", "serve", *machine.config)
    with running(*command, folder=machine.folder, answers=machine.health, **variables) as service:
        yield service


def heads(machine: KeyMachine) -> set[bytes]:
    with closing(Database(machine.database)) as database, database.reading() as rows:
        return set(heads_in(rows))


def keys_of(machine: KeyMachine) -> list[str]:
    return machine.master_key_file.read_text().split()


def findings(machine: KeyMachine) -> tuple[int, dict[str, tuple[str, str]]]:
    done = machine.run("check", "--json")
    assert done.error == ""
    rows = json.loads(done.said)["findings"]
    return done.code, {row["part"]: (row["level"], row["text"]) for row in rows}


def test_serve_makes_no_master_key_and_says_what_to_do(tmp_path: Path) -> None:
    machine = key_machine(tmp_path)
    machine.write_settings()
    done = sealwax("keys", "serve", *machine.config)
    assert done.returncode == 2
    assert done.stderr == (
        "sealwax: master_key: there is none, neither in a file nor in the system keyring: make it by"
        " `sealwax keys init`, or bring yours back by `sealwax keys restore`\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["keys.toml"]


def test_inits_at_once_make_one_master_key_to_which_the_database_belongs(tmp_path: Path) -> None:
    machine = key_machine(tmp_path)
    machine.write_settings()
    command = [sys.executable, "-m", "sealwax.cli", "keys", "init", *machine.config]
    starts = [
        subprocess.Popen(command, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    outputs = [start.communicate()[0].decode() for start in starts]
    assert [start.returncode for start in starts] == [0] * 2, outputs
    assert sum("was made" in text for text in outputs) == 1
    assert len(keys_of(machine)) == 1
    assert findings(machine)[1]["database"][0] == "ok"
    assert [path.name for path in machine.master_key_file.parent.iterdir()] == ["master_key"]


def test_init_makes_no_other_key_for_a_database_whose_key_is_lost(tmp_path: Path) -> None:
    machine = key_machine(tmp_path)
    machine.init()
    lost_key = machine.master_key_file.rename(tmp_path / "kept")
    done = machine.run("init")
    assert done.code == 2
    assert "`sealwax keys restore`" in done.error
    assert not machine.master_key_file.exists()
    lost_key.rename(machine.master_key_file)
    assert machine.run("init").code == 0


def test_a_key_in_the_keyring_is_not_made_where_none_encrypts(tmp_path: Path) -> None:
    machine = key_machine(tmp_path)
    machine.write_settings()
    backend = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    done = machine.run("init", "--keyring", **backend)
    assert done.code == 2
    assert "keep the master key in a file" in done.error
    assert not machine.master_key_file.exists()


@dataclass(slots=True)
class Load:
    """Somebody who registers people and logs them in, again and again."""

    machine: KeyMachine
    name: str
    users: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    ends: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ends.is_set():
            user = f"{self.name}{len(self.users)}@example.test"
            try:
                answers = [self.machine.register(user), self.machine.log_in(user), self.machine.log_in(self.some_user)]
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))
            else:
                self.failures += [str(answer) for answer in answers if answer[0] >= 400]
            self.users.append(user)

    @property
    def some_user(self) -> str:
        """One of those who have registered before."""
        return self.users[len(self.users) // 2] if self.users else ALICE

    def wait_for_rounds(self, number: int) -> None:
        goal, waiting = len(self.users) + number, threading.Event()
        for _ in range(2400):
            if len(self.users) >= goal:
                return
            waiting.wait(0.05)
        raise TimeoutError


@contextmanager
def load_on(*machines: KeyMachine) -> Iterator[list[Load]]:
    loads = [Load(machine, f"user-{number}-") for number, machine in enumerate(machines)]
    threads = [threading.Thread(target=load.run) for load in loads]
    for thread in threads:
        thread.start()
    try:
        for load in loads:
            load.wait_for_rounds(3)
        yield loads
        for load in loads:
            load.wait_for_rounds(3)
    finally:
        for load in loads:
            load.ends.set()
        for thread in threads:
            thread.join()


def record_at(machine: KeyMachine, user: str) -> KeyRecord:
    status, body = machine.log_in(user)
    assert status == 200, body
    return LoginAnswer.from_json(body).record


def test_the_master_key_is_replaced_while_people_register_and_log_in(tmp_path: Path) -> None:
    machine = key_machine(tmp_path)
    machine.init()
    (before,) = keys_of(machine)
    # systemd gives the service a copy of the file, which stays as it was at the start.
    credentials = shutil.copytree(machine.master_key_file.parent, tmp_path / "credentials")
    with serving(machine, CREDENTIALS_DIRECTORY=str(credentials)) as service:
        assert machine.register(ALICE)[0] == 201
        terms, false_terms = machine.terms(ALICE), machine.terms("nobody@example.test")
        with load_on(machine, machine) as loads:
            done = machine.run("rotate")
            assert (done.code, done.error) == (0, "")
        assert [load.failures for load in loads] == [[], []]
        # A login that began before the replacement ends after it.
        assert machine.log_in(ALICE, terms)[0] == 200
        assert machine.terms("nobody@example.test").parameters == false_terms.parameters
        assert service.end() == 0
    (after,) = keys_of(machine)
    assert after != before
    assert heads(machine) == {KeyFile(machine.master_key_file).find()[0].head}
    with serving(machine):
        for user in (ALICE, *loads[0].users[-2:]):
            assert record_at(machine, user) == record_of(user)


@pytest.mark.thorough
def test_machines_that_share_a_database_get_the_new_key_before_it_comes_into_force(
    tmp_path: Path, postgresql: Any
) -> None:
    first_machine = key_machine(tmp_path / "one", postgresql.new_database())
    first_machine.init()
    second_machine = key_machine(tmp_path / "two", first_machine.database, origin=first_machine.origin)
    second_machine.write_settings()
    refused = second_machine.run("init")
    assert "give the master key in the configuration" in refused.error
    assert not second_machine.master_key_file.exists()
    second_machine.master_key_file.parent.mkdir(mode=0o700)
    shutil.copy(first_machine.master_key_file, second_machine.master_key_file)
    with ExitStack() as stack:
        for machine in (first_machine, second_machine):
            stack.enter_context(serving(machine))
        assert first_machine.register(ALICE)[0] == 201
        with load_on(first_machine, second_machine) as loads:
            first = first_machine.run("rotate")
            assert (first.code, first.error) == (0, "")
            assert f"copy {first_machine.master_key_file} to every machine" in first.said
            assert len(keys_of(first_machine)) == 2
            for load in loads:
                load.wait_for_rounds(2)
            shutil.copy(first_machine.master_key_file, second_machine.master_key_file)
            code, parts = findings(second_machine)
            assert (code, parts["master key"][0]) == (0, "warning")
            second = first_machine.run("rotate")
            assert (second.code, second.error) == (0, "")
        assert [load.failures for load in loads] == [[], []]
        shutil.copy(first_machine.master_key_file, second_machine.master_key_file)
        assert record_at(second_machine, ALICE) == record_of(ALICE)
    assert heads(first_machine) == {KeyFile(first_machine.master_key_file).find()[0].head}
    assert findings(second_machine)[1]["database"][0] == "ok"


def test_a_key_that_the_command_may_not_change_is_replaced_by_hand(tmp_path: Path) -> None:
    machine = key_machine(tmp_path)
    machine.init()
    (old,) = keys_of(machine)
    machine.master_key_file.unlink()
    new = "ab" * 32
    refused = machine.run("rotate", SEALWAX_MASTER_KEY=old)
    assert refused.code == 2
    assert "Put a new key" in refused.error
    done = machine.run("rotate", SEALWAX_MASTER_KEY=f"{new} {old}")
    assert (done.code, done.error) == (0, "")
    assert "remove all keys but the first from the setting master_key" in done.said
    for key, is_right in ((new, True), (old, False)):
        report = machine.run("check", "--json", SEALWAX_MASTER_KEY=key)
        assert (report.code == 0) is is_right


@pytest.fixture
def filled(tmp_path: Path, database_url: str) -> KeyMachine:
    """A machine where somebody has registered."""
    machine = key_machine(tmp_path / "first", database_url)
    machine.init()
    machine.add(ALICE)
    return machine


def test_a_backup_is_restored_on_a_fresh_machine(tmp_path: Path, filled: KeyMachine) -> None:
    copy, key = tmp_path / "keys-backup.sqlite", tmp_path / "elsewhere"
    done = filled.run("backup", str(copy), "--master-key", str(key))
    assert (done.code, done.error) == (0, "")
    assert [oct(path.stat().st_mode & 0o777) for path in (copy, key)] == ["0o600"] * 2
    assert bytes.fromhex(key.read_text().strip()) not in copy.read_bytes()
    fresh = key_machine(tmp_path / "second", origin=filled.origin)
    fresh.write_settings()
    done = fresh.run("restore", str(copy), "--master-key", str(key))
    assert (done.code, done.error) == (0, "")
    assert findings(fresh)[1]["database"][0] == "ok"
    with serving(fresh):
        assert record_at(fresh, ALICE) == record_of(ALICE)
        # The ticket, which was used, is not forgotten, and the address stays taken.
        assert fresh.register(ALICE)[0] == 409
        assert fresh.register(BOB)[0] == 201
        status, body = fresh.post("/login", b" " * 5_000)
        assert (status, json.loads(body)["code"]) == (413, "too-large")
    again = fresh.run("restore", str(copy), "--master-key", str(key))
    assert again.code == 2
    assert "in use" in again.error


@pytest.mark.thorough
def test_a_backup_of_a_file_is_restored_into_postgresql(tmp_path: Path, postgresql: Any) -> None:
    machine = key_machine(tmp_path / "first")
    machine.init()
    machine.add(ALICE)
    copy, key = tmp_path / "keys-backup.sqlite", tmp_path / "elsewhere"
    assert machine.run("backup", str(copy), "--master-key", str(key)).code == 0
    fresh = key_machine(tmp_path / "second", postgresql.new_database(), origin=machine.origin)
    fresh.write_settings()
    done = fresh.run("restore", str(copy), "--master-key", str(key))
    assert (done.code, done.error) == (0, "")
    with serving(fresh):
        assert record_at(fresh, ALICE) == record_of(ALICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A backup and its key, and a machine without a database."""

    copy: Path
    key: Path
    fresh: KeyMachine

    def restore(self, *words: str) -> Done:
        return self.fresh.run("restore", str(self.copy), *words)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    machine = key_machine(tmp_path / "first")
    machine.init()
    copy, key = tmp_path / "keys-backup.sqlite", tmp_path / "elsewhere"
    assert machine.run("backup", str(copy), "--master-key", str(key)).code == 0
    fresh = key_machine(tmp_path / "second", origin=machine.origin)
    fresh.write_settings()
    return Kept(copy=copy, key=key, fresh=fresh)


def test_a_backup_is_not_restored_without_its_master_key(kept: Kept) -> None:
    assert "there is none" in kept.restore().error
    kept.key.write_text("cd" * 32)
    assert "another master key" in kept.restore("--master-key", str(kept.key)).error
    assert not Path(kept.fresh.database).exists()
    assert not kept.fresh.master_key_file.exists()


def test_a_backup_of_an_unfinished_rotation_needs_both_keys(kept: Kept, tmp_path: Path) -> None:
    machine = key_machine(tmp_path / "between")
    machine.init()
    machine.add(ALICE)
    (old,), new = KeyFile(machine.master_key_file).find(), MasterKey.generate()
    KeyFile(machine.master_key_file).keep([new, old])
    with closing(Database(machine.database)) as database:
        keys = ServerKeys.open(database, KeyRing(KeyFile(machine.master_key_file)))
        with database.transaction() as rows:
            keys.replace_master_key(rows, new)
    kept.copy.unlink()
    kept.key.unlink()
    assert machine.run("backup", str(kept.copy), "--master-key", str(kept.key)).code == 0
    both = kept.key.read_text()
    kept.key.write_text(both.split()[0])
    assert "sealed under another master key" in kept.restore("--master-key", str(kept.key)).error
    kept.key.write_text(both)
    assert kept.restore("--master-key", str(kept.key)).code == 0
    assert kept.fresh.run("rotate").code == 0
    assert heads(kept.fresh) == {new.head}


@pytest.mark.thorough
def test_a_restore_that_is_killed_at_any_point_can_be_repeated(kept: Kept, filled: KeyMachine) -> None:
    kept.copy.unlink()
    kept.key.unlink()
    assert filled.run("backup", str(kept.copy), "--master-key", str(kept.key)).code == 0
    words = ("restore", str(kept.copy), "--master-key", str(kept.key), *kept.fresh.config)
    for point in count(1):
        was_killed = command_is_killed_at(point, *words)
        if fingerprint_in(kept.fresh.database) is not None:
            break
        assert was_killed
    assert point >= 10
    assert heads(kept.fresh) == heads(filled)
    assert findings(kept.fresh)[1]["database"][0] == "ok"


def test_restore_replaces_no_master_key_that_is_there(kept: Kept) -> None:
    kept.fresh.master_key_file.parent.mkdir(mode=0o700)
    kept.fresh.master_key_file.write_text("cd" * 32)
    done = kept.restore("--master-key", str(kept.key))
    assert done.code == 2
    assert "the configuration has another one" in done.error
    assert kept.fresh.master_key_file.read_text() == "cd" * 32
    assert not Path(kept.fresh.database).exists()


@pytest.mark.parametrize(
    ("content", "said"), [(b"no database" * 100, "is no backup of a key server"), (None, "No such file")]
)
def test_restore_says_that_a_file_is_no_backup(kept: Kept, content: bytes | None, said: str) -> None:
    kept.copy.unlink()
    if content is not None:
        kept.copy.write_bytes(content)
    done = kept.restore("--master-key", str(kept.key))
    assert done.code == 2
    assert said in done.error
    assert "Traceback" not in done.error
    folder = Path(kept.fresh.database).parent
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_backup_replaces_no_file(kept: Kept, tmp_path: Path) -> None:
    assert kept.restore("--master-key", str(kept.key)).code == 0
    for target in (kept.copy, Path(kept.fresh.database)):
        before = target.read_bytes()
        done = kept.fresh.run("backup", str(target))
        assert done.code == 2
        assert "exists already" in done.error
        assert target.read_bytes() == before


def test_a_backup_of_an_earlier_version_is_brought_up_to_date(kept: Kept) -> None:
    SCHEMA.downgrade_one_step(kept.copy)
    before = kept.copy.read_bytes()
    done = kept.restore("--master-key", str(kept.key))
    assert (done.code, done.error) == (0, "")
    assert kept.copy.read_bytes() == before
    assert findings(kept.fresh)[1]["database"][0] == "ok"


def test_nothing_that_only_reads_waits_for_a_writer(tmp_path: Path) -> None:
    """A writer holds SQLite's lock all the time. Whoever wanted it would wait for ten seconds and then fail."""
    machine = key_machine(tmp_path)
    machine.init()
    machine.add(ALICE)
    with closing(sqlite3.connect(machine.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE key_account SET passes = 4")
        with serving(machine) as service:
            assert machine.terms(ALICE).parameters.salt == b"s" * 16
            assert machine.terms("nobody@example.test").parameters.salt != b"s" * 16
            code, parts = findings(machine)
            assert (code, parts["process"][0], parts["database"][0]) == (0, "ok", "ok")
            done = machine.run("backup", str(tmp_path / "copy.sqlite"))
            assert (done.code, done.error) == (0, "")
            assert service.end() == 0
        with closing(sqlite3.connect(machine.database, timeout=0)) as other, pytest.raises(sqlite3.OperationalError):
            other.execute("BEGIN IMMEDIATE")
        writer.execute("ROLLBACK")
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy.execute("SELECT passes FROM key_account").fetchall() == [(3,)]
