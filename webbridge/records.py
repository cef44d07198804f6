"""The lines of the audit log and the metrics about sign-ins, sessions and messages.

They name the account and the network of the client, never a password, a recipient or content.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum

from flask import request

from sealwax.service import ServiceError, audit, client_network
from sealwax.service.metrics import CountedKind, count_call, count_event
from webbridge.gateway import GatewayError

_OK = "ok"
_FAILED = "server-error"


class Record:
    """One action that is being recorded. `outcome` is a word of the program."""

    def __init__(self) -> None:
        self.outcome = _OK


def recorded_login(account: str) -> AbstractContextManager[Record]:
    """Record one attempt to sign in with its outcome."""
    return _counted_and_audited("login", account, "sign-in")


def recorded_send(account: str) -> AbstractContextManager[Record]:
    """Record one message with its outcome, which the caller sets unless it is an error."""
    return _counted_and_audited("send", account, "send")


def recorded_parcel(account: str) -> AbstractContextManager[Record]:
    """Record an action of a sender on a parcel with its outcome, which the caller sets unless it is an error.

    The line names no parcel, because the id is one of the two things that open the parcel.
    """
    return _counted_and_audited("parcel", account, "parcel")


def recorded_kept_file(account: str) -> AbstractContextManager[Record]:
    """Record an action of a person on kept files with its outcome, which the caller sets unless it is an error.

    The line names no file.
    """
    return _recorded(lambda record: _audit("kept-file", account, record.outcome))


def recorded_opening() -> AbstractContextManager[Record]:
    """Count one proof of a recipient with its outcome. No log names recipients."""
    return _recorded(lambda record: count_event("opening", record.outcome))


def recorded_call() -> AbstractContextManager[Record]:
    """Count one call to a mail server, with the view that makes it."""
    start = time.monotonic()
    return _recorded(lambda record: count_call(request.endpoint or "", record.outcome, time.monotonic() - start))


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


def _counted_and_audited(counted: CountedKind, account: str, event: str) -> AbstractContextManager[Record]:
    def write(record: Record) -> None:
        count_event(counted, record.outcome)
        _audit(event, account, record.outcome)

    return _recorded(write)


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
