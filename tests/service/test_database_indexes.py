"""The database queries of a login use an index, so that many failed logins by strangers do not make them slow."""

from __future__ import annotations

import datetime
import sqlite3
from pathlib import Path

import pytest

from roaming_keys.config import ACCOUNT_BACKOFF, NETWORK_BACKOFF
from roaming_keys.store import Store
from sealwax.service import Database
from tests.support.servers.mailboxes import SOMEWHERE, accounts_at, login_at
from webbridge.certificates.lookup_counter import LookupCounter
from webbridge.database import open_database
from webbridge.login.counter import LoginCounter
from webbridge.login.sessions import SessionStore

NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


def scans(database: Path, statements: list[str]) -> list[str]:
    """The statements that read a whole table."""
    found = []
    connection = sqlite3.connect(database)
    for statement in statements:
        if statement.split()[0] in ("SELECT", "DELETE", "UPDATE"):
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
            found += [statement for line in plan if line.startswith("SCAN")]
    connection.close()
    assert statements
    return found


def trace(monkeypatch: pytest.MonkeyPatch, statements: list[str]) -> None:
    """Append the statements of all connections that are opened from now on to `statements`."""
    connect = Database._connect

    def traced(database: Database) -> sqlite3.Connection:
        connection = connect(database)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(Database, "_connect", traced)


def test_the_key_servers_logins_read_no_whole_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    path = tmp_path / "keys.sqlite"
    store = Store(path, forget_after=datetime.timedelta(days=1))
    trace(monkeypatch, statements)
    store.start_attempt({b"account": ACCOUNT_BACKOFF, b"network": NETWORK_BACKOFF}, at=NOW)
    store.find_account("alice@example.test")
    store.forgive(b"account", b"network")
    assert scans(path, statements) == []


def test_the_bridges_requests_read_no_whole_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bridge.sqlite"
    statements: list[str] = []
    database = open_database(str(path))
    trace(monkeypatch, statements)
    logins = LoginCounter(database, clock=lambda: NOW)
    logins.start("alice@example.test", "192.0.2.1")
    logins.succeeded("alice@example.test", "192.0.2.1")
    LookupCounter(database, clock=lambda: NOW).start("session")
    sessions = SessionStore(
        database, clock=lambda: NOW, idle_seconds=900, absolute_seconds=3_600, accounts=accounts_at(SOMEWHERE)
    )
    cookie, _ = sessions.create(login_at(SOMEWHERE))
    assert sessions.find(cookie) is not None
    sessions.end(cookie)
    database.close()
    assert scans(path, statements) == []
