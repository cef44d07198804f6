"""The steps of a reset, as a client takes them, for an account of `people.Person`."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from roaming_keys.changes import build_reset
from roaming_keys.client import finish_reset, start_reset
from roaming_keys.reset_wire import ResetAnswer
from roaming_keys.resets import MIN_DELAY
from roaming_keys.session import Session, ask_for_parameters, log_in, undo_reset
from roaming_keys.tickets import Purpose, issue_ticket
from roaming_keys.wire import Registration
from smime_core.blocking import run
from tests.support.keys.people import ORIGIN, TICKET_KEY, USER, Person, identity


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
    before = run(ask_for_parameters(person.setting, USER))
    at = person.clock()
    return build_reset(person.account, [identity(1)], ticket, person.provider, before=before, version=version, at=at)


def reset(person: Person) -> Session:
    """Start a reset, wait, and finish it."""
    start(person)
    person.clock.at += MIN_DELAY
    return finish(person)


def log_in_agreed(person: Person, agreed: str) -> Session:
    session = run(log_in(person.setting, person.account, replace(person.here, agreed=agreed)))
    person.known = session.known
    return session


def undo(person: Person) -> Session:
    return run(undo_reset(person.setting, person.account, person.here))
