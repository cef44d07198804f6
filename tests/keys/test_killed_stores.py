"""A key server that dies by SIGKILL at any step of a push or a rotation: the old record or the new, never neither."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from roaming_keys.protocol.calls import Call
from roaming_keys.protocol.changes import build_rotation
from roaming_keys.protocol.messages.accounts import Push
from roaming_keys.protocol.records.record import build_next_record
from roaming_keys.protocol.session import Session
from roaming_keys.protocol.steps import KeyServerError
from roaming_keys.server.accounts.resets import MIN_DELAY
from roaming_keys.server.app import close_app
from smime_core.blocking import run
from tests.support.clock import FakeClock
from tests.support.databases.dying import die_at
from tests.support.databases.killed_upgrades import context
from tests.support.databases.postgresql import database_url as database_url, postgresql as postgresql
from tests.support.keys.people import (
    ORIGIN,
    OTHER_PASSPHRASE,
    PROVIDER,
    USER,
    Person,
    account_with,
    certificates,
    identity,
    make_client,
)
from tests.support.keys.resets import new_account, reset, start, ticket_at, undo

pytestmark = [pytest.mark.server, pytest.mark.thorough]
NEW_PASSPHRASES = (b"five other words on paper", b"six words that are on no paper")


@pytest.fixture
def person(database_url: str) -> Iterator[Person]:
    clock = FakeClock()
    made = Person(make_client(clock, database_url), clock)
    made.register(identity(0), identity(1))
    yield made
    close_app(made.client.application)


@pytest.mark.parametrize("act", ["push", "rotate"])
def test_a_server_that_dies_has_the_old_record_or_the_new(person: Person, database_url: str, act: str) -> None:
    stored_certificates = {identity(number).certificate.der for number in (0, 1)}
    outcomes = set()
    for point in range(1, 100):
        session = person.log_in()
        before = session.opened.record.version
        other = next(passphrase for passphrase in NEW_PASSPHRASES if passphrase != person.passphrase)
        call = _next_push(session) if act == "push" else _next_rotation(session, other)
        credentials = run(session.session_key.sign(ORIGIN, call, person.provider))
        was_killed = _send_and_die(point, database_url, person.clock, call, credentials.to_header())
        after = _version_after(person, other, session)
        outcomes.add((was_killed, after.opened.record.version - before))
        assert certificates(after) == stored_certificates
        if not was_killed:
            break
    assert outcomes == {(True, 0), (True, 1), (False, 1)}


@pytest.mark.parametrize("act", ["finish", pytest.param("undo", marks=pytest.mark.thorough)])
def test_a_server_that_dies_at_an_end_of_a_reset_has_one_whole_account(
    person: Person, database_url: str, act: str
) -> None:
    """The account from before or the one after the reset, and never a kept account lost."""
    forgetful = Person(person.client, person.clock, passphrase=OTHER_PASSPHRASE)
    before = person.log_in().opened.record
    outcomes = set()
    for point in range(1, 100):
        forgetful.known = None
        body = b""
        if act == "undo":
            reset(forgetful)
        else:
            start(forgetful)
            person.clock.at += MIN_DELAY
            ticket = ticket_at(forgetful)
            body = run(new_account(forgetful, ticket, start(forgetful, ticket).version)).to_json()
        was_killed = _die_at_an_end(point, database_url, person.clock, body)
        tries = {name: _try(owner) for name, owner in (("before", person), ("after", forgetful))}
        ((state, account_session),) = [(name, session) for name, session in tries.items() if session is not None]
        outcomes.add((was_killed, state))
        if state == "after":
            assert certificates(account_session) == {identity(1).certificate.der}
            undo(person)
        back = person.log_in()
        assert back.opened.record == before
        with contextlib.suppress(KeyServerError):
            run(back.stop_reset(person.setting))
        if not was_killed:
            break
    ends = ("before", "after") if act == "finish" else ("after", "before")
    assert outcomes == {(True, ends[0]), (True, ends[1]), (False, ends[1])}


def _try(person: Person) -> Session | None:
    with contextlib.suppress(KeyServerError):
        return Person(person.client, person.clock, passphrase=person.passphrase).log_in()
    return None


def _die_at_an_end(point: int, url: str, clock: FakeClock, body: bytes) -> bool:
    process = context().Process(target=_end, args=(point, url, clock, body))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def _end(point: int, url: str, clock: FakeClock, body: bytes) -> None:
    """Finish the reset with the body, or undo the one that is finished if there is none."""
    owner = Person(make_client(clock, Path(url) if "://" not in url else url), clock)
    die_at(point)
    if body:
        run(owner.transport.send(Call(method="POST", path="/reset/finish", body=body)))
    else:
        undo(owner)


def _version_after(person: Person, other: bytes, session: Session) -> Session:
    """Log in with the passphrase of before or with the other one: exactly one of them must be right."""
    logins = []
    for passphrase in (person.passphrase, other):
        tried = Person(person.client, person.clock, passphrase=passphrase, known=session.known)
        with contextlib.suppress(KeyServerError):
            logins.append((passphrase, tried.log_in()))
    ((person.passphrase, after),) = logins
    return after


def _next_push(session: Session) -> Call:
    record = run(build_next_record(session.opened, USER, PROVIDER))
    return Call(method="PUT", path="/bundle", condition=session.opened.record.tag, body=Push(record=record).to_json())


def _next_rotation(session: Session, passphrase: bytes) -> Call:
    account = account_with(passphrase)
    rotation, _ = run(build_rotation(account, session.opened, session.own.keys, PROVIDER, before=session.parameters))
    return Call(method="POST", path="/passphrase", condition=session.opened.record.tag, body=rotation.to_json())


def _send_and_die(point: int, url: str, clock: FakeClock, call: Call, authorization: str) -> bool:
    process = context().Process(target=_send, args=(point, url, clock, call, authorization))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def _send(point: int, url: str, clock: FakeClock, call: Call, authorization: str) -> None:
    client = make_client(clock, Path(url) if "://" not in url else url)
    die_at(point)
    headers = {"Authorization": authorization, "If-Match": call.condition}
    answer = client.open(
        call.path,
        method=call.method,
        base_url=ORIGIN,
        data=call.body,
        headers=headers,
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.data
