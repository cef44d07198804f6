"""The master key in the database: its records name it, and it is replaced while others write."""

from __future__ import annotations

import datetime
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, select, text, update

from roaming_keys.protocol.key_account import LoginMethod
from roaming_keys.protocol.messages.accounts import Parameters
from roaming_keys.protocol.tickets import Ticket
from roaming_keys.server.accounts.factors import AddedFactor
from roaming_keys.server.accounts.store import Account, SealedRecord, Store
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import (
    FACTOR,
    MASTER_KEY,
    RECORD,
    TABLES,
)
from roaming_keys.server.factors.kept import SharedSecret
from roaming_keys.server.master_key.key_sources import GivenKeys, KeyFile, write_keys
from roaming_keys.server.master_key.rotation import BATCH_ROWS, SEALED_COLUMNS, Resealing, heads_in, reseal_all
from roaming_keys.server.master_key.server_keys import KeyRing, MasterKey, Sealed, ServerKeyError, ServerKeys
from roaming_keys.server.sessions.new_session import NewSession
from roaming_keys.server.sessions.sessions import Caller
from sealwax.service import Database, DatabaseRefused
from tests.support.clock import FakeClock
from tests.support.databases.killed_commands import command_is_killed_at
from tests.support.servers.key_server import key_machine

pytestmark = pytest.mark.server

OLD, NEW, OTHER = (MasterKey(bytes([number]) * 32) for number in (1, 2, 3))
DAY = datetime.timedelta(days=1)
AT = FakeClock().at
PARAMETERS = Parameters(salt=b"s" * 16)
# Of one person: two keys, a record, a device, and the details of three events.
CONTENTS = 7


@contextmanager
def store_of(url: str | Path, *keys: MasterKey) -> Iterator[Store]:
    with closing(Store(url, KeyRing(GivenKeys(keys=keys)))) as store:
        yield store


def rotate(url: str | Path) -> Resealing:
    """Replace the old key by the new one."""
    with closing(SCHEMA.open(url)) as database:
        return replace_key(database, ServerKeys.open(database, KeyRing(GivenKeys(keys=(NEW, OLD)))))


def add(store: Store, user: str) -> Caller:
    """Store an account with a session."""
    account, record, session = sealed_for(store.keys, user)
    store.add_account(account, record, Ticket(id=user, ends=AT + DAY), AT)
    store.sessions.start(session, AT, lambda _rows: None)
    caller = store.sessions.find(session.key, AT)
    assert caller is not None
    return caller


def sealed_for(keys: ServerKeys, user: str, version: int = 1) -> tuple[Account, SealedRecord, NewSession]:
    """All that the server seals of a user."""
    account = Account(
        user=user,
        parameters=PARAMETERS,
        sealed_login_key=keys.seal(Sealed.LOGIN_KEY, f"key {user}".encode(), user),
        sealed_recovery_key=keys.seal(Sealed.LOGIN_KEY, f"other key {user}".encode(), user),
    )
    record = SealedRecord(
        bundle_id="b1", version=version, sealed=keys.seal(Sealed.RECORD, f"record {user}".encode(), user)
    )
    session = NewSession(
        user=user,
        method=LoginMethod.PASSPHRASE,
        login_key=f"key {user}".encode(),
        nonce=os.urandom(40),
        nonce_ends=AT + DAY,
        key=os.urandom(32),
        token_hash=bytes(32),
        sealed_name=keys.seal(Sealed.DEVICE_NAME, f"device {user}".encode(), user),
    )
    return account, record, session


def opens(store: Store, user: str) -> bool:
    account, record = store.find_account(user), store.find_record(user)
    assert account is not None
    assert account.sealed_recovery_key is not None
    assert record is not None
    (device,) = store.sessions.devices(user)
    opened = (
        store.keys.unseal(Sealed.LOGIN_KEY, account.sealed_login_key, user),
        store.keys.unseal(Sealed.LOGIN_KEY, account.sealed_recovery_key, user),
        store.keys.unseal(Sealed.RECORD, record.sealed, user),
        store.keys.unseal(Sealed.DEVICE_NAME, device.sealed_name, user),
    )
    return opened == tuple(f"{what} {user}".encode() for what in ("key", "other key", "record", "device"))


def replace_key(database: Database, keys: ServerKeys, new: MasterKey = NEW) -> Resealing:
    with database.transaction() as rows:
        keys.replace_master_key(rows, new)
    return reseal_all(database, keys, new, pause=lambda _seconds: None)


def heads(url: str | Path) -> set[bytes]:
    with closing(Database(url)) as database, database.reading() as rows:
        return set(heads_in(rows))


@pytest.fixture
def many(database_url: str) -> list[str]:
    """People whose records are under the old key, more than one transaction seals anew."""
    users = [f"user{number:03}@example.test" for number in range(BATCH_ROWS + 5)]
    with store_of(database_url, OLD) as store:
        for user in users:
            add(store, user)
    return users


def test_each_record_names_its_master_key(database_url: str, many: list[str]) -> None:
    assert heads(database_url) == {OLD.head}
    assert OLD.head.endswith(OLD.fingerprint[:8])


def test_each_binary_column_is_sealed_anew_or_known_to_be_no_sealed_content() -> None:
    """A new column of the tables belongs into one of both lists."""
    # The verifier is a hash of protocol 1, and the secrets are sealed anew with the fingerprint.
    others = {"account.salt", "account.verifier", "key_account.salt", "device.token", "session.key"}
    # Public: what the staff signs by, and the officers that everybody is shown.
    others |= {"staff.key", "recovery_policy.content"}
    others |= {"kept_account.salt"}
    others |= {"master_key.fingerprint", "master_key.secrets", "audit.commitment", "audit.hash", "audit.name"}
    others |= {"waiting_login.key", "waiting_login.token", "waiting_login.challenge"}
    binary = {
        f"{table.name}.{column.name}"
        for table in TABLES.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert binary - {f"{sealed_column.table.name}.{sealed_column.name}" for sealed_column in SEALED_COLUMNS} == others


def test_after_a_rotation_all_records_are_under_the_new_key_and_the_old_one_opens_nothing(
    database_url: str, many: list[str]
) -> None:
    done = rotate(database_url)
    assert (done.resealed, done.damaged) == (CONTENTS * len(many), [])
    assert heads(database_url) == {NEW.head}
    with store_of(database_url, NEW) as store:
        assert all(opens(store, user) for user in many)
    with pytest.raises(ServerKeyError, match="another master key"), store_of(database_url, OLD):
        pass


def test_values_that_must_stay_are_the_same_under_the_new_key(database_url: str) -> None:
    with store_of(database_url, OLD) as store:
        before = store.keys
    nonce = before.make_nonce("alice@example.test", AT)
    rotate(database_url)
    with store_of(database_url, NEW) as store:
        after = store.keys
    assert after.false_salt("alice@example.test") == before.false_salt("alice@example.test")
    assert after.counter_name("network", "192.0.2.1") == before.counter_name("network", "192.0.2.1")
    assert after.check_nonce(nonce, "alice@example.test", AT) == before.check_nonce(nonce, "alice@example.test", AT)
    assert after.check_nonce(nonce, "alice@example.test", AT) is not None


def test_a_new_database_has_secrets_that_do_not_come_from_the_master_key(tmp_path: Path) -> None:
    with (
        store_of(tmp_path / "one.sqlite", OLD) as first_store,
        store_of(tmp_path / "two.sqlite", OLD) as second_store,
    ):
        assert first_store.keys.false_salt("alice@example.test") != second_store.keys.false_salt("alice@example.test")


@pytest.mark.thorough
def test_a_step_back_waits_for_the_end_of_a_rotation(database_url: str, many: list[str]) -> None:
    with closing(SCHEMA.open(database_url)) as database:
        keys = ServerKeys.open(database, KeyRing(GivenKeys(keys=(NEW, OLD))))
        with database.transaction() as rows:
            keys.replace_master_key(rows, NEW)
        before = heads(database_url)
        with pytest.raises(DatabaseRefused, match="sealwax keys rotate"):
            SCHEMA.downgrade_one_step(database_url)
        SCHEMA.upgrade(database_url)
        assert heads(database_url) == before == {OLD.head}
        reseal_all(database, keys, NEW, pause=lambda _seconds: None)
    SCHEMA.downgrade_one_step(database_url)


def test_second_factors_are_sealed_anew(database_url: str) -> None:
    user, means = "alice@example.test", SharedSecret(secret=bytes(range(20)))
    with store_of(database_url, OLD) as store:
        caller = add(store, user)
        store.factors.add(caller, AddedFactor(name="a phone", means=means, counter=1), AT)
        assert {bytes(factor)[: len(OLD.head)] for factor in sealed_factors(store)} == {OLD.head}
    assert rotate(database_url).damaged == []
    with store_of(database_url, NEW) as store:
        assert [(factor.name, factor.means) for factor in store.factors.factors(user)] == [("a phone", means)]
        assert {bytes(factor)[: len(NEW.head)] for factor in sealed_factors(store)} == {NEW.head}


def sealed_factors(store: Store) -> list[bytes]:
    with store.database.reading() as rows:
        return list(rows.execute(select(FACTOR.c.sealed)).scalars())


def test_first_starts_at_once_with_two_keys_bind_one(database_url: str) -> None:
    """Two machines may begin with one PostgreSQL database."""
    SCHEMA.upgrade(database_url)
    both = threading.Barrier(2)

    def start(key: MasterKey) -> bool:
        both.wait(timeout=30)
        try:
            with store_of(database_url, key):
                pass
        except ServerKeyError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(start, (OLD, OTHER))) == [False, True]
    with closing(Database(database_url)) as database, database.reading() as rows:
        assert len(rows.execute(select(MASTER_KEY)).all()) == 1


@pytest.mark.thorough
@pytest.mark.parametrize("act", ["register", "push", "rotate", "log in"])
def test_what_was_sealed_before_the_new_key_came_into_force_is_stored_under_it(
    database_url: str, tmp_path: Path, act: str
) -> None:
    """A request seals, and then waits while the key is replaced and the old one is dropped."""
    file = tmp_path / "master_key"
    file.write_text(write_keys([OLD]))
    with closing(Store(database_url, KeyRing(KeyFile(file)))) as server:
        is_new = act == "register"
        caller = None if is_new else add(server, "a@b")
        account, record, session = sealed_for(server.keys, "a@b", version=1 if is_new else 2)
        file.write_text(write_keys([NEW, OLD]))
        rotate(database_url)
        file.write_text(write_keys([NEW]))
        if caller is None:
            server.add_account(account, record, Ticket(id="a@b", ends=AT + DAY), AT)
        elif act == "push":
            server.replace_record(caller, record, AT)
        elif act == "rotate":
            server.rotate(caller, account, record, "b1", [], AT)
        if act in ("register", "log in"):
            server.sessions.start(session, AT, lambda _rows: None)
        assert opens(server, "a@b")
    assert heads(database_url) == {NEW.head}
    with store_of(database_url, NEW) as later:
        assert opens(later, "a@b")


def test_a_new_key_waits_for_the_transactions_that_store_under_the_old_one(database_url: str) -> None:
    came = threading.Event()

    def replace() -> None:
        with closing(SCHEMA.open(database_url)) as database:
            keys = ServerKeys.open(database, KeyRing(GivenKeys(keys=(NEW, OLD))))
            with database.transaction() as rows:
                keys.replace_master_key(rows, NEW)
                came.set()

    with (
        store_of(database_url, OLD) as store,
        closing(Database(database_url)) as database,
        ThreadPoolExecutor(1) as pool,
    ):
        add(store, "a@b")
        with database.transaction() as rows:
            sealed = store.keys.renew(rows, Sealed.RECORD, store.keys.seal(Sealed.RECORD, b"later", "a@b"), "a@b")
            replaced = pool.submit(replace)
            wait_for_a_lock(database_url, database)
            assert not came.is_set()
            rows.execute(update(RECORD).values(sealed=sealed))
        replaced.result()
    assert sealed.startswith(OLD.head)


def wait_for_a_lock(url: str, database: Database) -> None:
    """Wait until another transaction waits for ours. SQLite does not say so."""
    if not database.is_postgresql:
        time.sleep(0.2)
        return
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with closing(Database(url)) as watching:
        for _ in range(600):
            with watching.reading() as rows:
                if rows.execute(waiting).scalar_one():
                    return
            time.sleep(0.05)
    raise TimeoutError


def test_a_record_that_no_key_opens_is_named_and_the_others_are_sealed_anew(database_url: str, many: list[str]) -> None:
    with closing(SCHEMA.open(database_url)) as database:
        with database.transaction() as rows:
            rows.execute(update(RECORD).where(RECORD.c.user == many[3]).values(sealed=OLD.head + bytes(60)))
        keys = ServerKeys.open(database, KeyRing(GivenKeys(keys=(NEW, OLD))))
        done = replace_key(database, keys)
    assert done.damaged == [f"record.sealed of {many[3]}"]
    assert done.resealed == CONTENTS * len(many) - 1
    assert heads(database_url) == {OLD.head, NEW.head}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.thorough)])
def test_a_rotation_that_is_killed_at_any_point_can_be_finished(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = None if kind == "sqlite" else request.getfixturevalue("postgresql").new_database()
    machine = key_machine(tmp_path / "machine", url)
    machine.init()
    (first,) = KeyFile(machine.master_key_file).find()
    users = ["a@b", "c@d"]
    with store_of(machine.database, first) as store:
        for user in users:
            add(store, user)
        salt = store.keys.false_salt("nobody@b")
    kills = 0
    for point in count(1):
        was_killed = command_is_killed_at(point, "rotate", *machine.config)
        kills += was_killed
        keys = KeyFile(machine.master_key_file).find()
        with store_of(machine.database, *keys) as now:
            assert all(opens(now, user) for user in users)
            assert now.keys.false_salt("nobody@b") == salt
        if len(keys) == 1 and keys[0].fingerprint != first.fingerprint:
            break
    assert kills >= 10
    assert heads(machine.database) == {keys[0].head}


def test_the_command_names_a_damaged_record_and_keeps_the_old_key(tmp_path: Path) -> None:
    machine = key_machine(tmp_path)
    machine.init()
    (first,) = KeyFile(machine.master_key_file).find()
    with store_of(machine.database, first) as store:
        add(store, "a@b")
    with closing(sqlite3.connect(machine.database)) as rows:
        rows.execute("UPDATE key_account SET sealed_login_key = ?", (first.head + bytes(60),))
        rows.commit()
    done = machine.run("rotate")
    assert done.code == 2
    assert "key_account.sealed_login_key of a@b" in done.error
    assert len(KeyFile(machine.master_key_file).find()) == 2
