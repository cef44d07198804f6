"""The database queries of a login use an index, so that many failed logins by strangers do not make them slow."""

from __future__ import annotations

import datetime
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from roaming_keys.protocol.tickets import Ticket
from roaming_keys.server.accounts.store import Store
from roaming_keys.server.limits import LoginLimits
from sealwax.service import Announcements
from sealwax.service.counter_statements import SWEPT_AT_ONCE
from tests.support.databases.audit_trails import RING
from tests.support.servers.mailboxes import SOMEWHERE, accounts_at, login_at
from tests.support.statements import traced_statements
from webbridge.certificates.lookup_counter import LookupCounter
from webbridge.database import SCHEMA
from webbridge.login.counter import Attempt, LoginCounter
from webbridge.login.devices import KnownDevices
from webbridge.login.sessions import Session, SessionStore
from webbridge.places.kinds import PlaceKind
from webbridge.places.shared import SharedPlaces
from webbridge.retrieved import Retrieved
from webbridge.sending.copies import KEEP_NONE, CopyChoices

NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)


def test_the_key_servers_logins_read_no_whole_table(tmp_path: Path) -> None:
    path = tmp_path / "keys.sqlite"
    store = Store(path, RING)
    limits = LoginLimits(store.database, lambda kind, value: sha256(f"{kind} {value}".encode()).digest())
    with traced_statements() as statements:
        for device in (None, b"device"):
            for _ in range(2):
                counted = limits.start("alice@example.test", "192.0.2.1", device=device, at=NOW)
            store.find_account("alice@example.test")
            store.find_account_and_device("alice@example.test", b"device")
            with store.database.transaction() as rows:
                limits.succeeded(rows, counted, NOW)
        for counter in limits._counters:
            counter._added_since_sweep = SWEPT_AT_ONCE
        limits.start("alice@example.test", "192.0.2.1", device=None, at=NOW + datetime.timedelta(days=1))
        store.note_second_use(Ticket("id", NOW), "alice@example.test", NOW)
    assert any("OFFSET" in text for text in statements.texts)
    # The table of the master key has one row.
    assert [text for text in statements.scans(path) if "FROM master_key" not in text] == []


def test_the_bridges_requests_read_no_whole_table(tmp_path: Path) -> None:
    path = tmp_path / "bridge.sqlite"
    database = SCHEMA.open(path)
    with traced_statements() as statements:
        logins = LoginCounter(database, clock=lambda: NOW)
        attempt = Attempt(account="alice@example.test", client="192.0.2.1")
        logins.start(attempt)
        logins.succeeded(attempt)
        devices = KnownDevices(database, clock=lambda: NOW)
        assert devices.knows(devices.remember("", "alice@example.test"), "alice@example.test")
        copies = CopyChoices(database, clock=lambda: NOW)
        copies.choose("alice@example.test", KEEP_NONE)
        copies.expect_end("alice@example.test", 30)
        assert copies.of("alice@example.test") == KEEP_NONE
        assert copies.may_have_ends("alice@example.test")
        copies.were_deleted("alice@example.test")
        retrieved = Retrieved(database, clock=lambda: NOW)
        retrieved.note("alice@example.test", [bytes(32)], days=0)
        assert retrieved.due("alice@example.test") == [bytes(32)]
        retrieved.forget("alice@example.test", [bytes(32)])
        asking = Session(id="session", credentials=login_at(SOMEWHERE), origin="")
        lookups = LookupCounter(database, clock=lambda: NOW)
        lookups.start(asking)
        lookups.start_issuers(asking, 2)
        assert lookups.may_ask_server(ip_address("192.0.2.1"))
        sessions = SessionStore(
            database, clock=lambda: NOW, idle_seconds=900, absolute_seconds=3_600, accounts=accounts_at(SOMEWHERE)
        )
        cookie, _ = sessions.create(login_at(SOMEWHERE), origin="", program="")
        assert sessions.find(cookie) is not None
        session = sessions.find(cookie)
        assert session is not None
        assert sessions.list_for(session)[1] == 1
        assert sessions.end_all_of(session, with_this=False) == []
        assert sessions.end_one_of(session, session.id)
        sessions.end(cookie)
    database.close()
    assert statements.seen
    assert statements.scans(path) == []


def test_a_place_is_taken_and_given_back_without_reading_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "bridge.sqlite"
    database = SCHEMA.open(path)
    places = SharedPlaces(database, Announcements(database), clock=lambda: NOW)
    with traced_statements() as statements:
        place = places.take(PlaceKind.IMAP, "session")
        assert place is not None
        places.ask_for(PlaceKind.IMAP, "session")
        places.give_back(place)
        places.close()
    database.close()
    assert any("place" in text for text in statements.texts)
    assert statements.scans(path, of="place") == []
