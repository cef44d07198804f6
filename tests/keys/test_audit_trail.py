"""The audit trail: its events, its chain, and the changes to it that are refused or found."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from roaming_keys.server.audit import AuditEvent, AuditKind, AuditTrail
from roaming_keys.server.audit.checking import TrailDamaged, check_chain
from roaming_keys.server.audit.events import Details, read_ranges, write_ranges
from sealwax.service import Database
from tests.support.databases.audit_trails import (
    START,
    append,
    login,
    open_trail,
    run_processes,
    trail_in,
    without_triggers,
)

ALICE, BOB = "alice@example.test", "bob@example.test"


@contextmanager
def seven_events(url: str) -> Iterator[Database]:
    """A trail of the first event and three logins of two people in turn."""
    database, trail = open_trail(url)
    append(database, trail, (login(user) for user in (ALICE, BOB) * 3))
    yield database
    database.close()


@pytest.fixture
def any_database(database_url: str) -> Iterator[Database]:
    """A database of each kind in turn, with seven events."""
    with seven_events(database_url) as database:
        yield database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An SQLite database with seven events."""
    with seven_events(str(tmp_path / "one.sqlite")) as database:
        yield database


@pytest.fixture
def trail(request: pytest.FixtureRequest) -> AuditTrail:
    """The trail of the database that the test has."""
    name = "any_database" if "any_database" in request.fixturenames else "database"
    return trail_in(request.getfixturevalue(name))


def details(database: Database, trail: AuditTrail, user: str = "") -> list[Details | None]:
    return [trail.details_of(entry) for entry in trail.entries(database, user=user)]


def change(database: Database, statement: str) -> None:
    with database.transaction() as rows:
        rows.execute(text(statement))


def damaged(database: Database, trail: AuditTrail) -> tuple[int, str]:
    with pytest.raises(TrailDamaged) as failure:
        check_chain(trail, database)
    return failure.value.number, str(failure.value)


def test_events_are_read_as_they_were_written(any_database: Database, trail: AuditTrail) -> None:
    event = AuditEvent(
        kind=AuditKind.ADMINISTRATOR_ACTED, at=START, user=BOB, actor="root@example.test", note="disabled: Größe"
    )
    append(any_database, trail, [event])
    *_, entry = trail.entries(any_database)
    assert (entry.number, entry.kind, entry.time) == (8, "administrator-acted", START)
    assert trail.details_of(entry) == Details(user=BOB, actor="root@example.test", note="disabled: Größe")
    assert details(any_database, trail, ALICE) == [Details(user=ALICE)] * 3
    chain = check_chain(trail, any_database)
    assert chain.head == entry


def test_a_trail_begins_once(database: Database, trail: AuditTrail) -> None:
    trail.begin(database, START)
    assert [entry.kind for entry in trail.entries(database)] == ["trail-begun", *["logged-in"] * 6]


def test_more_events_than_a_page_are_read_in_their_order(tmp_path: Path) -> None:
    database, trail = open_trail(str(tmp_path / "keys.sqlite"))
    with database.transaction() as rows:
        for number in range(2_500):
            trail.add(rows, login(ALICE, note=str(number)))
    assert [entry.number for entry in trail.entries(database)] == list(range(1, 2_502))
    check_chain(trail, database)
    database.close()


def test_a_transaction_that_fails_leaves_neither_event_nor_gap(any_database: Database, trail: AuditTrail) -> None:
    def fail() -> None:
        with any_database.transaction() as rows:
            trail.add(rows, login(ALICE))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    append(any_database, trail, [login(BOB)])
    chain = check_chain(trail, any_database)
    assert chain.head is not None
    assert chain.head.number == 8


@pytest.mark.server
def test_processes_that_append_together_make_one_chain(database_url: str) -> None:
    database, trail = open_trail(database_url)
    run_processes(database_url, processes=3, events=40)
    for number in range(3):
        written = [entry.note for entry in details(database, trail, f"user{number}@example.test") if entry]
        assert written == [str(event) for event in range(40)]
    chain = check_chain(trail, database)
    assert chain.head is not None
    assert chain.head.number == 121
    database.close()


def test_transactions_with_rows_of_their_own_and_an_event_do_not_wait_in_a_circle(
    any_database: Database, trail: AuditTrail
) -> None:
    """Each of two threads changes the same rows before it appends, in the order that suits it least."""
    failures: list[BaseException] = []

    def run(names: tuple[str, ...]) -> None:
        try:
            for _ in range(30):
                for name in names:
                    with any_database.transaction() as rows:
                        rows.execute(text("UPDATE counter SET value = value + 1 WHERE name = :name"), {"name": name})
                        trail.add(rows, login(ALICE))
        except BaseException as error:  # noqa: BLE001  # shown by the main thread
            failures.append(error)

    change(any_database, "INSERT INTO counter (kind, name, value, at) VALUES ('k', 'a', 0, 0), ('k', 'b', 0, 0)")
    threads = [threading.Thread(target=run, args=(names,)) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    chain = check_chain(trail, any_database)
    assert chain.head is not None
    assert chain.head.number == 7 + 120


CHANGES = (
    "UPDATE audit SET number = 9 WHERE number = 7",
    "UPDATE audit SET at = at + 1 WHERE number = 3",
    "UPDATE audit SET kind = 'registered'",
    "UPDATE audit SET commitment = hash WHERE number = 3",
    "UPDATE audit SET hash = commitment WHERE number = 3",
    "UPDATE audit SET name = NULL, kind = 'registered' WHERE number = 3",
    "DELETE FROM audit WHERE number = 7",
    "DELETE FROM audit",
)


def test_events_cannot_be_changed_or_deleted(any_database: Database, trail: AuditTrail) -> None:
    for statement in CHANGES:
        with pytest.raises(IntegrityError, match="append-only"):
            change(any_database, statement)
    chain = check_chain(trail, any_database)
    assert chain.head is not None
    assert chain.head.number == 7


def test_events_cannot_be_replaced_or_emptied(any_database: Database, trail: AuditTrail) -> None:
    columns = "number, at, kind, commitment, hash"
    statement = (
        "TRUNCATE audit"
        if any_database.is_postgresql
        else f"REPLACE INTO audit ({columns}) SELECT 3, at, kind, commitment, hash FROM audit WHERE number = 4"  # noqa: S608
    )
    with pytest.raises(IntegrityError, match="append-only"):
        change(any_database, statement)
    assert check_chain(trail, any_database).head is not None


@pytest.mark.parametrize("column", ["at", "kind", "commitment", "hash"])
def test_the_first_event_with_a_changed_column_is_named(database: Database, trail: AuditTrail, column: str) -> None:
    without_triggers(database)
    changed = {"at": "at + 1", "kind": "'registered'", "commitment": "hash", "hash": "commitment"}[column]
    change(database, f"UPDATE audit SET {column} = {changed} WHERE number IN (3, 5)")  # noqa: S608
    number, sentence = damaged(database, trail)
    assert (number, "its hash" in sentence) == (3, True)


def test_a_missing_event_is_named(database: Database, trail: AuditTrail) -> None:
    without_triggers(database)
    change(database, "DELETE FROM audit WHERE number = 3")
    assert damaged(database, trail) == (3, "event 3: it is missing: the next one has the number 4")


def test_a_trail_without_its_beginning_is_found(database: Database, trail: AuditTrail) -> None:
    without_triggers(database)
    change(database, "DELETE FROM audit WHERE number < 3")
    assert damaged(database, trail)[0] == 1


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit SET sealed = (SELECT sealed FROM audit WHERE number = 4) WHERE number = 3", "another event"),
        ("UPDATE audit SET name = (SELECT name FROM audit WHERE number = 4) WHERE number = 3", "another account"),
        ("UPDATE audit SET name = NULL WHERE number = 3", "another account"),
        ("UPDATE audit SET sealed = hash WHERE number = 3", "damaged"),
        ("UPDATE audit SET name = NULL, sealed = NULL WHERE number = 3", "details were deleted"),
    ],
)
def test_details_that_were_moved_or_deleted_are_found(
    database: Database, trail: AuditTrail, statement: str, said: str
) -> None:
    change(database, statement)
    number, text = damaged(database, trail)
    assert (number, said in text) == (3, True), text


def test_a_deleted_account_leaves_its_events_but_not_its_name(any_database: Database, trail: AuditTrail) -> None:
    with any_database.transaction() as rows:
        trail.forget(rows, ALICE, START, actor="root@example.test")
    append(any_database, trail, [login(BOB), login(ALICE)])
    entries = details(any_database, trail)
    assert [number for number, entry in enumerate(entries, start=1) if entry is None] == [2, 4, 6]
    assert entries[7] == Details(actor="root@example.test", note="2,4,6")
    assert details(any_database, trail, ALICE) == [Details(user=ALICE)]
    assert check_chain(trail, any_database).head is not None


def test_no_deletion_of_one_account_covers_the_details_of_another(database: Database, trail: AuditTrail) -> None:
    with database.transaction() as rows:
        trail.forget(rows, ALICE, START)
    change(database, "UPDATE audit SET name = NULL, sealed = NULL WHERE number = 5")
    assert damaged(database, trail)[0] == 5


def test_a_stolen_database_names_nobody_in_the_trail(tmp_path: Path) -> None:
    path = tmp_path / "keys.sqlite"
    database, trail = open_trail(str(path))
    append(database, trail, [login(ALICE, note="laptop")])
    with database.transaction() as rows:
        trail.forget(rows, BOB, START, actor="root@example.test")
    database.close()
    with closing(sqlite3.connect(path)) as rows:
        dump = "\n".join(rows.iterdump())
    blobs = bytes.fromhex("".join(part for part in dump.split("'") if len(part) % 2 == 0 and _is_hex(part)))
    for word in ("alice", "bob", "root@", "laptop"):
        assert word not in dump
        assert word.encode() not in blobs


def _is_hex(text: str) -> bool:
    return bool(text) and all(character in "0123456789abcdefABCDEF" for character in text)


@pytest.mark.parametrize(
    ("numbers", "written"), [([], ""), ([3], "3"), ([1, 2, 3], "1-3"), ([3, 17, 29, 30, 31], "3,17,29-31")]
)
def test_numbers_are_written_as_ranges(numbers: list[int], written: str) -> None:
    assert write_ranges(numbers) == written
    assert [number for span in read_ranges(written) for number in span] == numbers
