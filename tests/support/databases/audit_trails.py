"""Audit trails of the key server for tests: events that several processes append, and hands that change the trail."""

from __future__ import annotations

import datetime
import multiprocessing
from collections.abc import Iterable
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Barrier
from typing import Final

from sqlalchemy import text

from roaming_keys.server.audit import AuditEvent, AuditKind, AuditTrail
from roaming_keys.server.database import SCHEMA
from roaming_keys.server.master_key.key_sources import GivenKeys
from roaming_keys.server.master_key.server_keys import KeyRing, MasterKey, ServerKeys
from sealwax.service import Database

RING: Final = KeyRing(GivenKeys(keys=(MasterKey(bytes(32)),)))
START: Final = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
TRIGGERS: Final = ("audit_kept", "audit_whole", "audit_next")


def open_trail(url: str, at: datetime.datetime = START) -> tuple[Database, AuditTrail]:
    """A new database, and its trail with the first event."""
    database = SCHEMA.open(url)
    trail = trail_in(database)
    trail.begin(database, at)
    return database, trail


def trail_in(database: Database) -> AuditTrail:
    """The trail of a database."""
    return AuditTrail(ServerKeys.open(database, RING))


def login(user: str, at: datetime.datetime = START, note: str = "") -> AuditEvent:
    return AuditEvent(kind=AuditKind.LOGGED_IN, at=at, user=user, note=note)


def append(database: Database, trail: AuditTrail, events: Iterable[AuditEvent]) -> None:
    """Append each event in a transaction of its own."""
    for event in events:
        with database.transaction() as rows:
            trail.add(rows, event)


def without_triggers(database: Database) -> None:
    """Remove what keeps the trail, as somebody with full access to the database can."""
    with database.transaction() as rows:
        for name in TRIGGERS:
            place = " ON audit" if database.is_postgresql else ""
            rows.execute(text(f"DROP TRIGGER IF EXISTS {name}{place}"))


def run_processes(url: str, *, processes: int, events: int) -> None:
    """Append the events of several processes that begin together."""
    context = _context()
    barrier = context.Barrier(processes)
    running = [context.Process(target=_append, args=(url, number, events, barrier)) for number in range(processes)]
    for process in running:
        process.start()
    for process in running:
        process.join(60)
        assert process.exitcode == 0


def _context() -> ForkServerContext:
    fork_server = multiprocessing.get_context("forkserver")
    fork_server.set_forkserver_preload([__name__])
    return fork_server


def _append(url: str, number: int, events: int, barrier: Barrier) -> None:
    database = SCHEMA.open(url)
    trail = trail_in(database)
    barrier.wait(60)
    append(database, trail, (login(f"user{number}@example.test", note=str(event)) for event in range(events)))
    database.close()
