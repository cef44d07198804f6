"""The events that the requests of an account leave in the audit trail, and the order of their statements."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from roaming_keys.protocol.messages.accounts import Device
from roaming_keys.protocol.records.recovery_codes import recovery_keys
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.server.audit.checking import check_chain
from roaming_keys.server.audit.events import Details
from roaming_keys.server.database import SCHEMA
from smime_core.blocking import run
from tests.support.clock import FakeClock
from tests.support.databases.audit_trails import trail_in
from tests.support.keys.people import ORIGIN, PASSPHRASE, PROVIDER, USER, Person, identity, make_client
from tests.support.statements import traced_statements

pytestmark = pytest.mark.usefixtures("quick_passphrases")


@pytest.fixture
def laptop(clock: FakeClock, tmp_path: Path) -> Person:
    """A person who is not registered yet."""
    return Person(make_client(clock, tmp_path / "keys.sqlite"), clock)


def written(folder: Path) -> list[tuple[str, Details | None]]:
    """The kinds and details of all events."""
    database = SCHEMA.open(folder / "keys.sqlite")
    trail = trail_in(database)
    events = [(entry.kind, trail.details_of(entry)) for entry in trail.entries(database)]
    check_chain(trail, database)
    database.close()
    return events


def test_what_happens_to_an_account_is_in_the_trail(laptop: Person, clock: FakeClock, tmp_path: Path) -> None:
    laptop.register()
    phone = Person(laptop.client, clock, device=Device(token=b"p" * 32, name="a phone"))
    phone.log_in()
    session = laptop.add(laptop.log_in(), identity(1))
    devices = {device.name: device.id for device in run(session.devices(laptop.setting))}
    recovery = run(recovery_keys(bytes(16), PROVIDER))
    run(session.rotate(laptop.setting, PASSPHRASE, revoked=[devices["a phone"]], recovery=recovery))
    clock.advance(seconds=1)
    laptop.recover(recovery)
    assert written(tmp_path) == [
        ("trail-begun", Details()),
        ("registered", Details(user=USER)),
        ("logged-in", Details(user=USER, note=f"device {devices['a phone']}")),
        ("device-added", Details(user=USER, note=f"device {devices['a phone']}")),
        ("logged-in", Details(user=USER, note=f"device {devices['a laptop']}")),
        ("device-added", Details(user=USER, note=f"device {devices['a laptop']}")),
        ("bundle-stored", Details(user=USER, note="version 2")),
        ("keys-rotated", Details(user=USER, note="version 3")),
        ("device-revoked", Details(user=USER, note=f"device {devices['a phone']}")),
        ("recovered", Details(user=USER, note=f"device {devices['a laptop']}")),
    ]


def test_a_deleted_account_is_named_no_more(laptop: Person, tmp_path: Path) -> None:
    laptop.register()
    run(laptop.log_in().delete(laptop.setting))
    assert written(tmp_path) == [
        ("trail-begun", Details()),
        ("registered", None),
        ("logged-in", None),
        ("device-added", None),
        ("account-deleted", Details(note="2-4")),
    ]


def test_refused_requests_do_not_fill_the_trail(laptop: Person, clock: FakeClock, tmp_path: Path) -> None:
    laptop.register()
    session = laptop.log_in()
    before = written(tmp_path)
    guesser = Person(laptop.client, clock, passphrase=b"a wrong guess")
    for _ in range(4):
        with pytest.raises(KeyServerError):
            guesser.log_in()
    clock.advance(seconds=1_000)
    with pytest.raises(KeyServerError, match="Type the passphrase again"):
        run(session.rotate(laptop.setting, PASSPHRASE))
    assert written(tmp_path) == before


def test_a_ticket_that_is_used_again_and_again_is_noted_once(laptop: Person, tmp_path: Path) -> None:
    laptop.register()
    registration = laptop.transport.sent[-1]
    run(laptop.log_in().delete(laptop.setting))

    def register(body: bytes) -> int:
        answer = laptop.client.post("/register", data=body, content_type="application/json", base_url=ORIGIN)
        return answer.status_code

    assert [register(registration.body) for _ in range(3)] == [403] * 3
    *_, last = written(tmp_path)
    assert last == ("ticket-refused", Details(user=USER))
    assert [kind for kind, _ in written(tmp_path)].count("ticket-refused") == 1
    # Anybody can make a ticket that the bridge has not signed.
    ticket = registration.body.index(b'"ticket"') + 12
    other = b"A" if registration.body[ticket : ticket + 1] != b"A" else b"B"
    assert register(registration.body[:ticket] + other + registration.body[ticket + 1 :]) == 403
    assert written(tmp_path)[-1] == last
    assert len(written(tmp_path)) == 6


def test_a_ticket_that_is_used_again_while_its_account_exists_is_noted_once(laptop: Person, tmp_path: Path) -> None:
    laptop.register()
    registration = laptop.transport.sent[-1]
    for _ in range(3):
        with pytest.raises(KeyServerError) as refused:
            run(laptop.transport.send(registration))
        assert refused.value.code == "exists"
    assert [kind for kind, _ in written(tmp_path)] == ["trail-begun", "registered", "ticket-refused"]
    # Another ticket was not used.
    with pytest.raises(KeyServerError, match="registered already"):
        laptop.register()
    assert len(written(tmp_path)) == 3


def transactions(statements: list[str]) -> list[list[str]]:
    """The statements that write, of each transaction that appends to the trail."""
    writes: list[list[str]] = [[]]
    for text in statements:
        if text.startswith("BEGIN"):
            writes.append([])
        elif text.startswith(("INSERT", "UPDATE", "DELETE")):
            writes[-1].append(text)
    return [texts for texts in writes if any(text.startswith("INSERT INTO audit") for text in texts)]


def test_nothing_is_written_after_the_events_of_a_transaction(laptop: Person) -> None:
    """A transaction that locked other rows after them could wait for one that waits for it."""
    acts: list[Callable[[], object]] = [
        laptop.register,
        lambda: laptop.add(laptop.log_in(), identity(1)),
        lambda: run(laptop.log_in().rotate(laptop.setting, PASSPHRASE)),
        lambda: run(laptop.log_in().delete(laptop.setting)),
    ]
    for act in acts:
        with traced_statements() as statements:
            act()
        appending = transactions(statements.texts)
        assert appending
        for written_ones in appending:
            first = next(n for n, text in enumerate(written_ones) if text.startswith("INSERT INTO audit"))
            assert all(text.startswith("INSERT INTO audit") for text in written_ones[first:])
