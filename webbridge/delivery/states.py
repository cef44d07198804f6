"""The states of a parcel. Each has the time when it was reached, and the source that reports it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """The stage of a parcel's record, as stable words in the table."""

    UPLOADING = "uploading"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    """The parcel's bytes are deleted, or will be soon. People see a parcel as expired as soon as its days are over."""


class State(StrEnum):
    """The states that people see, as stable words for programs and in the table."""

    SUBMITTED = "submitted"
    NOTIFIED = "notified"
    RECEIVED = "received"
    OPENED = "opened"
    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class SaidBy(StrEnum):
    """The source that reports a state. A claim of a client proves nothing."""

    SERVICE = "service"
    RECIPIENT_CLAIMS = "recipient-claims"
    RECIPIENT_SIGNED = "recipient-signed"
    SENDER = "sender"
    MAIL_SERVER = "mail-server"
    """A mail server, with a report of non-delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One state of a parcel. `recipient` is an address or empty, `code` the code of an error or empty."""

    state: State
    said_by: SaidBy
    at: float
    recipient: str = ""
    code: str = ""


_ADVANCE: Final = (State.SUBMITTED, State.NOTIFIED, State.RECEIVED, State.OPENED, State.ANSWERED)


def latest_state(stage: Stage, events: Collection[Event], *, is_over: bool) -> str:
    """Return the state that a list shows for a parcel. Until the parcel is submitted, it is `uploading`."""
    if stage is Stage.UPLOADING:
        return Stage.UPLOADING
    if stage is Stage.WITHDRAWN:
        return State.WITHDRAWN
    if stage is Stage.EXPIRED or is_over:
        return State.EXPIRED
    reached = {event.state for event in events}
    furthest = max((_ADVANCE.index(state) for state in reached if state in _ADVANCE), default=0)
    # The failure of one notice is shown until a recipient has received the parcel.
    if State.FAILED in reached and furthest < _ADVANCE.index(State.RECEIVED):
        return State.FAILED
    return _ADVANCE[furthest]
