"""The bridge's sessions, counters, sends and secret on each kind of database, as several processes use them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from sqlalchemy import delete, insert

from sealwax.service import Database, LeakyCounter, TryLater
from tests.support.clock import FakeClock
from tests.support.servers.mailboxes import ALICE, BOB, PASSWORDS, SOMEWHERE, accounts_at, login_at
from webbridge.database import SCHEMA
from webbridge.database.secret import bridge_secret
from webbridge.database.tables import PROCESS, TABLES
from webbridge.login.sessions import SessionStore
from webbridge.places.processes import NOTICED_SECONDS
from webbridge.retrieved import Retrieved
from webbridge.sending.copies import KEEP, KEEP_NONE, CopyChoices, CopyWish
from webbridge.sending.ledger import Ledger, NotOurTurn, State, Turn

Result = TypeVar("Result")
PROCESSES = 8
IDLE_SECONDS = 900


@pytest.fixture
def databases(database_url: str) -> Iterator[list[Database]]:
    """The same database as several processes have it open, which all begin at the same time."""
    with ThreadPoolExecutor(PROCESSES) as threads:
        opened = list(threads.map(SCHEMA.open, [database_url] * PROCESSES))
    yield opened
    for database in opened:
        database.close()


def sessions_in(database: Database, clock: FakeClock) -> SessionStore:
    accounts = accounts_at(SOMEWHERE)
    return SessionStore(database, accounts=accounts, idle_seconds=IDLE_SECONDS, absolute_seconds=43_200, clock=clock)


def in_all(databases: list[Database], call: Callable[[Database], Result]) -> list[Result]:
    with ThreadPoolExecutor(PROCESSES) as threads:
        return list(threads.map(call, databases))


def test_all_processes_have_one_secret(databases: list[Database]) -> None:
    assert len(set(in_all(databases, bridge_secret))) == 1


def test_each_process_finds_a_session_of_another_until_any_ends_it(databases: list[Database], clock: FakeClock) -> None:
    first, *others = (sessions_in(database, clock) for database in databases)
    cookie, made = first.create(login_at(SOMEWHERE), origin="", program="")
    for store in others:
        session = store.find(cookie)
        assert session is not None
        assert (session.id, session.credentials.password) == (made.id, PASSWORDS[ALICE])
        assert store.find_living([made.id, "0" * 64]) == {made.id}
    others[0].end(cookie)
    assert [store.find(cookie) for store in others] == [None] * len(others)
    assert first.find_living([made.id]) == set()


@pytest.mark.parametrize(
    ("made", "written"),
    [("chrome-extension://abc", ""), ("", "chrome-extension://abc"), ("chrome-extension://abc", "moz-extension://1")],
)
def test_no_row_becomes_the_session_of_another_origin(
    databases: list[Database], clock: FakeClock, made: str, written: str
) -> None:
    store = sessions_in(databases[0], clock)
    cookie, session = store.create(login_at(SOMEWHERE), origin=made, program="")
    stored_session = store.find(cookie)
    assert stored_session is not None
    assert stored_session.origin == session.origin == made
    with databases[0].transaction() as rows:
        rows.execute(TABLES.tables["session"].update().values(origin=written))
    assert store.find(cookie) is None


def test_a_use_in_one_process_keeps_the_session_in_all(databases: list[Database], clock: FakeClock) -> None:
    stores = [sessions_in(database, clock) for database in databases]
    cookie, _ = stores[0].create(login_at(SOMEWHERE, BOB, PASSWORDS[BOB]), origin="", program="")
    for store in stores:
        clock.advance(seconds=IDLE_SECONDS - 1)
        assert store.find(cookie) is not None
    clock.advance(seconds=IDLE_SECONDS)
    assert [store.find(cookie) for store in stores] == [None] * len(stores)
    stores[0].end_expired()
    with databases[0].reading() as rows:
        assert rows.execute(TABLES.tables["session"].select()).all() == []


def test_processes_that_count_at_once_admit_as_many_as_the_limit(databases: list[Database], clock: FakeClock) -> None:
    def count(database: Database) -> int:
        counted = LeakyCounter(database, clock, tables=TABLES, kind="test", seconds=60, refusal="Wait.")
        return sum(_is_admitted(counted) for _ in range(10))

    assert sum(in_all(databases, count)) == 13


def _is_admitted(counted: LeakyCounter) -> bool:
    try:
        counted.start({"one": 13, "two": 1000})
    except TryLater:
        return False
    return True


def ledger_in(database: Database, clock: FakeClock, process: str = "") -> Ledger:
    return Ledger(database, clock=clock, process=lambda: process)


def test_the_turn_of_a_process_that_is_gone_is_over(databases: list[Database], clock: FakeClock) -> None:
    """A process that was only believed dead sends no last line then."""
    database, other, *_ = databases
    key, message = "k" * 22, (bytes(32), "<1@example.test>")
    with database.transaction() as rows:
        rows.execute(insert(PROCESS).values(id="one", until=clock().timestamp() + 60))
    first = ledger_in(database, clock, "one")
    turn = first.begin(ALICE, key, *message, seconds=60)
    assert isinstance(turn, Turn)
    second = ledger_in(other, clock, "other")
    with pytest.raises(NotOurTurn) as busy:
        second.begin(ALICE, key, *message, seconds=60)
    assert busy.value.retry_after_seconds == NOTICED_SECONDS
    with database.transaction() as rows:
        rows.execute(delete(PROCESS))
    assert isinstance(second.begin(ALICE, key, *message, seconds=60), Turn)
    with pytest.raises(NotOurTurn):
        first.will_end(turn, seconds=60)


def test_a_message_whose_last_line_a_process_sent_that_is_gone_was_perhaps_sent(
    databases: list[Database], clock: FakeClock
) -> None:
    database, other, *_ = databases
    first = ledger_in(database, clock, "gone")
    turn = first.begin(ALICE, "k" * 22, bytes(32), "<1@example.test>", seconds=60)
    assert isinstance(turn, Turn)
    first.will_end(turn, seconds=60)
    entry = ledger_in(other, clock).find(ALICE, "k" * 22)
    assert entry is not None
    assert entry.state is State.PERHAPS
    # A process that was only believed dead may still hear from the mail server.
    first.end(turn, State.SENT, {"savedTo": None})
    entry = ledger_in(other, clock).find(ALICE, "k" * 22)
    assert entry is not None
    assert entry.state is State.SENT


def test_of_processes_that_begin_one_message_at_once_one_sends_it(databases: list[Database], clock: FakeClock) -> None:
    def begin(database: Database) -> Turn | None:
        try:
            begun = ledger_in(database, clock).begin(ALICE, "k" * 22, bytes(32), "<1@example.test>", seconds=60)
        except NotOurTurn:
            return None
        assert isinstance(begun, Turn)
        return begun

    turns = [turn for turn in in_all(databases, begin) if turn is not None]
    assert len(turns) == 1
    ledger, other, *_ = (ledger_in(database, clock) for database in databases)
    ledger.will_end(turns[0], seconds=60)
    ledger.end(turns[0], State.SENT, {"savedTo": "Sent"})
    entry = other.find(ALICE, "k" * 22)
    assert entry is not None
    assert (entry.state, dict(entry.answer)) == (State.SENT, {"savedTo": "Sent"})


def test_each_process_knows_the_choice_about_copies_and_that_some_have_an_end(
    databases: list[Database], clock: FakeClock
) -> None:
    stores = [CopyChoices(database, clock=clock) for database in databases]
    in_all(databases, lambda database: CopyChoices(database, clock=clock).expect_end(ALICE, 7))
    assert [store.of(ALICE) for store in stores] == [KEEP] * len(stores)
    stores[0].choose(ALICE, CopyWish(days=30))
    assert [store.of(ALICE).days for store in stores] == [30] * len(stores)
    stores[1].choose(ALICE, KEEP_NONE)
    assert [store.of(ALICE) for store in stores] == [KEEP_NONE] * len(stores)
    stores[0].were_deleted(ALICE)
    assert stores[1].may_have_ends(ALICE)
    clock.advance(seconds=11 * 24 * 60 * 60)
    stores[0].were_deleted(ALICE)
    assert not stores[1].may_have_ends(ALICE)


def test_retrieved_messages_are_noted_once_for_all_processes(databases: list[Database], clock: FakeClock) -> None:
    notes = [Retrieved(database, clock=clock) for database in databases]
    messages = [bytes([number]) * 32 for number in range(3)]
    in_all(databases, lambda database: Retrieved(database, clock=clock).note(ALICE, messages, days=1))
    assert notes[0].due(ALICE) == []
    clock.advance(seconds=24 * 60 * 60)
    assert sorted(notes[1].due(ALICE)) == messages
    notes[2].forget(ALICE, messages[:2])
    assert notes[0].due(ALICE) == messages[2:]


def test_the_tables_go_back_and_forth(database_url: str) -> None:
    SCHEMA.upgrade(database_url)
    newest = SCHEMA.state(database_url).revision
    SCHEMA.downgrade_one_step(database_url)
    assert SCHEMA.state(database_url).revision != newest
    SCHEMA.upgrade(database_url)
    assert SCHEMA.state(database_url).revision == newest
