"""The contents that a device has kept of an account, after the keys of the account have changed elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from roaming_keys.client.command.login import Roaming
from roaming_keys.client.command.trust_files import push_files
from roaming_keys.protocol.messages.accounts import Device
from roaming_keys.protocol.records.entries import Entry
from roaming_keys.protocol.records.record import StatePart, open_kept_state
from roaming_keys.protocol.records.state import KEPT_KEYS, AccountState
from roaming_keys.protocol.session import Session
from sealwax.cli.user_files.trust import default_decisions_file
from smime_core.blocking import run
from smime_core.trust import Decision, build_decisions, parse_decisions
from smime_core.trust.decisions import DecisionKind
from tests.support.clock import FakeClock
from tests.support.keys.organisation import encryption_identity
from tests.support.keys.people import PASSPHRASE, PROVIDER, USER, Person, make_client

pytestmark = pytest.mark.usefixtures("quick_passphrases")

ENTRIES = {"setting:x": Entry(at=1, value="on")}
BOB = encryption_identity("bob@example.test").certificate


@pytest.fixture
def client(clock: FakeClock) -> FlaskClient:
    return make_client(clock)


@pytest.fixture
def laptop(client: FlaskClient, clock: FakeClock) -> Person:
    person = Person(client, clock)
    person.register()
    return person


@pytest.fixture
def phone(laptop: Person) -> Person:
    return Person(laptop.client, laptop.clock, device=Device(token=b"p" * 32, name="a phone"))


def kept_by(person: Person) -> StatePart:
    session = person.log_in()
    content = replace(session.opened, state=replace(session.opened.state, entries=ENTRIES))
    return StatePart.of(run(session.push(person.setting, content)).opened.record)


def change_keys(person: Person) -> None:
    person.known = run(person.log_in().rotate(person.setting, PASSPHRASE)).known


def entries_in(part: StatePart, session: Session) -> object:
    state = run(open_kept_state(part, session.opened, USER, PROVIDER))
    return state and state.entries


@pytest.mark.parametrize("changes", [0, 1, 3])
def test_a_kept_state_opens_after_changes_of_the_keys(laptop: Person, phone: Person, changes: int) -> None:
    part = kept_by(laptop)
    for _ in range(changes):
        change_keys(phone)
    session = laptop.log_in()
    assert entries_in(part, session) == ENTRIES
    assert entries_in(replace(part, bundle_id="another"), session) is None
    assert entries_in(replace(part, version=part.version + 1), session) is None


def test_the_latest_earlier_keys_stay() -> None:
    state = AccountState()
    for number in range(KEPT_KEYS + 3):
        state = state.after_key(f"id{number}", bytes([number]) * 32)
    assert [key.bundle_id for key in state.earlier_keys] == [f"id{number}" for number in range(3, KEPT_KEYS + 3)]
    assert AccountState.from_bytes(state.to_bytes()) == state
    assert repr(bytes([KEPT_KEYS]) * 32) not in repr(state)


@pytest.mark.parametrize("changes", [0, 1, 2])
def test_a_decision_that_was_removed_here_stays_removed_when_keys_change_elsewhere(
    laptop: Person, phone: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changes: int
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    accepted = Decision(
        certificate=BOB, kind=DecisionKind.EXACT, addresses=("bob@example.test",), accepted_at=laptop.clock()
    )
    file = default_decisions_file()
    file.parent.mkdir(parents=True)
    file.write_bytes(build_decisions([accepted]))
    store(laptop)
    file.write_bytes(build_decisions([]))
    for _ in range(changes):
        change_keys(phone)
    store(laptop)
    assert parse_decisions(file.read_bytes()) == ()
    assert all(entry.value is None for entry in laptop.log_in().opened.state.entries.values())


def store(person: Person) -> None:
    roaming = Roaming(session=person.log_in(), passphrase=PASSPHRASE, setting=person.setting)
    person.known = push_files(roaming, ()).known
