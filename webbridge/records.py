"""The lines of the audit log and the metrics about sign-ins, sessions and messages.

They name the account and the network of the client, never a password, a recipient or content.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from flask import request

from sealwax.service import ServiceError, audit, client_network
from sealwax.service.metrics import count_call, count_event
from webbridge.gateway import GatewayError

_OK = "ok"
_FAILED = "server-error"


class Record:
    """One action that is being recorded. `outcome` is a word of the program."""

    def __init__(self) -> None:
        self.outcome = _OK


@contextmanager
def recorded_login(account: str) -> Iterator[None]:
    """Record one attempt to sign in with its outcome."""

    def write(record: Record) -> None:
        count_event("login", record.outcome)
        _audit("sign-in", account, record.outcome)

    with _recorded(write):
        yield


@contextmanager
def recorded_send(account: str) -> Iterator[Record]:
    """Record one message with its outcome, which the caller sets unless it is an error."""

    def write(record: Record) -> None:
        count_event("send", record.outcome)
        _audit("send", account, record.outcome)

    with _recorded(write) as record:
        yield record


@contextmanager
def recorded_parcel(account: str) -> Iterator[Record]:
    """Record an action of a sender on a parcel with its outcome, which the caller sets unless it is an error.

    The line names no parcel, because the id is one of the two things that open the parcel.
    """

    def write(record: Record) -> None:
        count_event("parcel", record.outcome)
        _audit("parcel", account, record.outcome)

    with _recorded(write) as record:
        yield record


@contextmanager
def recorded_kept_file(account: str) -> Iterator[Record]:
    """Record an action of a person on kept files with its outcome, which the caller sets unless it is an error.

    The line names no file.
    """
    with _recorded(lambda record: _audit("kept-file", account, record.outcome)) as record:
        yield record


@contextmanager
def recorded_opening() -> Iterator[None]:
    """Count one proof of a recipient with its outcome. No log names recipients."""
    with _recorded(lambda record: count_event("opening", record.outcome)):
        yield


@contextmanager
def recorded_call() -> Iterator[None]:
    """Count one call to a mail server, with the view that makes it."""
    start = time.monotonic()
    with _recorded(lambda record: count_call(request.endpoint or "", record.outcome, time.monotonic() - start)):
        yield


class ByOwner(StrEnum):
    """The ways in which owners end sessions in the list of an account's sessions, as words of the program."""

    ONE = "one-by-owner"
    ALL_OTHERS = "all-others-by-owner"
    ALL = "all-by-owner"


def record_token(account: str, outcome: str) -> None:
    """Record that an account has made or revoked a token for parcels."""
    _audit("parcel-token", account, outcome)


def record_sign_out(account: str) -> None:
    """Record that an owner has signed out of a session."""
    _audit("sign-out", account, "")


def record_session_ended(account: str) -> None:
    """Record the end of a session whose password the mail server no longer accepts."""
    _audit("session-ended", account, "login-refused")


def record_ended_by_owner(account: str, which: ByOwner) -> None:
    """Record that an owner has ended sessions in the list."""
    _audit("session-ended", account, which)


@contextmanager
def _recorded(write: Callable[[Record], None]) -> Iterator[Record]:
    record = Record()
    try:
        yield record
    except (GatewayError, ServiceError) as error:
        record.outcome = str(error.code)
        raise
    except BaseException:
        record.outcome = _FAILED
        raise
    finally:
        write(record)


def _audit(event: str, account: str, outcome: str) -> None:
    audit(event, outcome=outcome, account=account, client=client_network(request.remote_addr))
