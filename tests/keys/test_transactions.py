"""Transactions of one account at the same moment, on databases of both kinds."""

from __future__ import annotations

import datetime
import functools
import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select

from roaming_keys.protocol.key_account import LoginMethod
from roaming_keys.protocol.messages.accounts import Parameters
from roaming_keys.protocol.tickets import Ticket
from roaming_keys.server.accounts.store import Account, AccountExists, RecordChanged, SealedRecord, Store
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.database.tables import ACCOUNT, DEVICE, RECORD, SESSION
from roaming_keys.server.master_key.server_keys import Sealed
from roaming_keys.server.sessions.new_session import NewSession
from roaming_keys.server.sessions.sessions import MAX_SESSIONS, Caller, NoSuchAccount, SessionEnded
from tests.support.databases.audit_trails import RING
from tests.support.databases.postgresql import Postgresql

USER = "alice@example.test"
AT = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store(database_url, RING)
    register(opened)
    yield opened
    opened.close()


def account_in(store: Store) -> Account:
    sealed_key = store.keys.seal(Sealed.LOGIN_KEY, b"k", USER)
    return Account(user=USER, parameters=Parameters(salt=b"s" * 16), sealed_login_key=sealed_key)


def record_in(store: Store, bundle_id: str, version: int) -> SealedRecord:
    return SealedRecord(bundle_id=bundle_id, version=version, sealed=store.keys.seal(Sealed.RECORD, b"record", USER))


def register(store: Store) -> None:
    ticket = Ticket(os.urandom(8).hex(), AT + timedelta(minutes=5))
    store.add_account(account_in(store), record_in(store, "b", 1), ticket, AT)


def log_in(store: Store, device: int = 0, *, at: datetime.datetime = AT) -> bytes:
    new = NewSession(
        user=USER,
        method=LoginMethod.PASSPHRASE,
        login_key=b"k",
        nonce=os.urandom(40),
        nonce_ends=AT + timedelta(minutes=5),
        key=os.urandom(32),
        token_hash=bytes([device]) * 32,
        sealed_name=store.keys.seal(Sealed.DEVICE_NAME, b"name", USER),
    )
    store.sessions.start(new, at, lambda _rows: None)
    return new.key


def rotate(store: Store, caller: Caller) -> None:
    before = store.find_record(USER)
    assert before is not None
    after = record_in(store, os.urandom(8).hex(), before.version + 1)
    revoked = [device.id for device in store.sessions.devices(USER)]
    store.rotate(caller, account_in(store), after, before.bundle_id, revoked, AT)


def delete(store: Store, device: int = 0) -> None:
    caller = store.sessions.find(log_in(store, device), AT)
    if caller is not None:
        store.delete_account(caller, AT)


def failures_of(act: Callable[[], object]) -> list[BaseException]:
    """Run the act. Returns its failure, unless it is one that says that others were there first."""
    try:
        act()
    except (AccountExists, NoSuchAccount, RecordChanged, SessionEnded):
        return []
    except BaseException as error:  # noqa: BLE001  # shown by the main thread
        return [error]
    return []


def run_together(*acts: Callable[[int], object]) -> list[BaseException]:
    """Run each act forty times, all acts at once. Returns their failures."""
    failures: list[BaseException] = []

    def run(act: Callable[[int], object]) -> None:
        for number in range(40):
            failures.extend(failures_of(functools.partial(act, number)))

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_a_login_and_a_rotation_do_not_wait_for_each_other(postgresql: Postgresql) -> None:
    """The login has the row of its device when the rotation deletes the sessions, some of which the login deletes."""
    store = Store(postgresql.new_database(), RING)
    register(store)
    for number in range(MAX_SESSIONS + 2):
        log_in(store, number % 5, at=AT - timedelta(seconds=100 - number))
    sessions_deleted = threading.Event()
    failures: list[BaseException] = []

    def interleave(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO device") and threading.current_thread() is login:
            # Without a rotation that goes on meanwhile, the wait ends by itself.
            rotation.start()
            sessions_deleted.wait(timeout=1)
        if statement.startswith("DELETE FROM session") and threading.current_thread() is rotation:
            sessions_deleted.set()

    caller = store.sessions.find(log_in(store), AT)
    assert caller is not None
    login = threading.Thread(target=lambda: failures.extend(failures_of(lambda: log_in(store, 1))))
    rotation = threading.Thread(target=lambda: failures.extend(failures_of(lambda: rotate(store, caller))))
    event.listen(Engine, "after_cursor_execute", interleave)
    try:
        login.start()
        login.join()
        rotation.join()
    finally:
        event.remove(Engine, "after_cursor_execute", interleave)
    store.close()
    assert failures == []


def test_an_account_is_deleted_with_all_that_belongs_to_it(store: Store, database_url: str) -> None:
    acts: list[Callable[[int], object]] = [
        lambda _: register(store),
        lambda number: delete(store, number % 5),
        lambda number: delete(store, number % 5),
        lambda number: log_in(store, number % 5),
    ]
    assert run_together(*acts) == []
    failures_of(lambda: register(store))
    delete(store)
    database = SCHEMA.open(database_url)
    with database.reading() as rows:
        for table in (ACCOUNT, RECORD, DEVICE, SESSION):
            assert rows.execute(select(table)).all() == [], table.name
    database.close()


def test_nobody_logs_in_to_an_account_that_was_deleted_meanwhile(store: Store) -> None:
    """The session would open the account of the next person who registers the address."""
    delete(store)
    with pytest.raises(NoSuchAccount):
        log_in(store)
