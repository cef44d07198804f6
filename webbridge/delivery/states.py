"""The states of a parcel, each with its time and with the one who says so."""

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
    """Its bytes are deleted. A parcel whose days are over has expired already before that."""


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
    """The one who says that a state was reached. A claim of a client proves nothing."""

    SERVICE = "service"
    RECIPIENT_CLAIMS = "recipient-claims"
    RECIPIENT_SIGNED = "recipient-signed"
    SENDER = "sender"
    MAIL_SERVER = "mail-server"
    """A mail server, by a report of non-delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One state of a parcel. `recipient` is an address or empty, `code` that of an error or empty."""

    state: State
    said_by: SaidBy
    at: float
    recipient: str = ""
    code: str = ""


_ADVANCE: Final = (State.SUBMITTED, State.NOTIFIED, State.RECEIVED, State.OPENED, State.ANSWERED)


def latest_state(stage: Stage, events: Collection[Event], *, is_over: bool) -> str:
    """Return the state that stands for a parcel in a list. Before it is submitted, that is `uploading`."""
    if stage is Stage.UPLOADING:
        return Stage.UPLOADING
    if stage is Stage.WITHDRAWN:
        return State.WITHDRAWN
    if stage is Stage.EXPIRED or is_over:
        return State.EXPIRED
    reached = {event.state for event in events}
    furthest = max((_ADVANCE.index(state) for state in reached if state in _ADVANCE), default=0)
    # A failure of one recipient is shown until somebody has got the parcel.
    if State.FAILED in reached and furthest < _ADVANCE.index(State.RECEIVED):
        return State.FAILED
    return _ADVANCE[furthest]
