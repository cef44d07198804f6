"""The steps of a reset, as a client takes them, and the key server of its tests."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from roaming_keys.client.transport import finish_reset, start_reset
from roaming_keys.protocol.changes import ReplacedAccount, build_reset
from roaming_keys.protocol.login import ask_for_parameters, log_in, undo_reset
from roaming_keys.protocol.messages.accounts import Registration
from roaming_keys.protocol.messages.resets import ResetAnswer
from roaming_keys.protocol.session import Session
from roaming_keys.protocol.tickets import Purpose, issue_ticket, public_key_of
from roaming_keys.server.accounts.resets import MIN_DELAY
from roaming_keys.server.app import close_app, create_app
from roaming_keys.server.config import KeyServerConfig
from smime_core.blocking import run
from tests.support.clock import FakeClock
from tests.support.keys.people import ORIGIN, TICKET_KEY, USER, Person, identity


@pytest.fixture
def config(database_url: str, clock: FakeClock) -> KeyServerConfig:
    return KeyServerConfig(
        origin=ORIGIN, database=database_url, ticket_key=public_key_of(TICKET_KEY), master_key=bytes(32), clock=clock
    )


@pytest.fixture
def client(config: KeyServerConfig) -> Iterator[FlaskClient]:
    app = create_app(config)
    yield app.test_client()
    close_app(app)


@pytest.fixture
def owner(client: FlaskClient, clock: FakeClock) -> Person:
    """A device that has logged in to an account."""
    person = Person(client, clock)
    person.register(identity(0))
    person.log_in()
    return person


def ticket_at(person: Person, **changed: Any) -> str:
    claims: dict[str, Any] = {
        "audience": ORIGIN,
        "user": USER,
        "at": person.clock(),
        "purpose": Purpose.RESET,
    } | changed
    return issue_ticket(TICKET_KEY, **claims)


def start(person: Person, ticket: str | None = None) -> ResetAnswer:
    return run(start_reset(person.transport, USER, ticket or ticket_at(person)))


def finish(person: Person, ticket: str | None = None, *, version: int | None = None) -> Session:
    """Finish a reset as a client does: one ticket asks for the version, and then finishes."""
    ticket = ticket or ticket_at(person)
    if version is None:
        version = start(person, ticket).version
    run(finish_reset(person.transport, run(new_account(person, ticket, version))))
    return person.log_in()


def new_account(person: Person, ticket: str, version: int) -> Coroutine[Any, Any, Registration]:
    replaced = ReplacedAccount(parameters=run(ask_for_parameters(person.setting, USER)), version=version)
    return build_reset(person.account, [identity(1)], ticket, person.provider, replaced=replaced, at=person.clock())


def reset(person: Person) -> Session:
    """Start a reset, wait, and finish it."""
    start(person)
    person.clock.at += MIN_DELAY
    return finish(person)


def log_in_agreed(person: Person, agreed: str) -> Session:
    session = run(log_in(person.setting, person.account, replace(person.login_context, agreed=agreed)))
    person.known = session.known
    return session


def undo(person: Person) -> Session:
    return run(undo_reset(person.setting, person.account, person.login_context))
