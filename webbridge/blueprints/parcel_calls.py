"""The sender and the delivery of a request about parcels, and values that such requests and answers share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Final

from flask import request

from webbridge.blueprints.json_values import read_members
from webbridge.delivery.delivery import SLOW_PATIENCE_SECONDS, Delivery
from webbridge.delivery.ids import is_parcel_id
from webbridge.delivery.limits import MAX_MANIFEST_BYTES, MAX_REQUEST_BYTES
from webbridge.delivery.openings import Opened, TicketEnded
from webbridge.delivery.parcels import ListedParcel, NoParcel, Parcel
from webbridge.delivery.states import Event, Stage, State, latest_state
from webbridge.delivery.tokens import TokenRefused
from webbridge.security import bearer_token, has_bearer_token
from webbridge.services import require_session, services

_SCHEME: Final = "parcel "
_MAX_CHARACTERS: Final = 1000


def delivery() -> Delivery:
    """Return the application's delivery of parcels. Every application with a route for parcels has a delivery."""
    parts = services().delivery
    if parts is None:
        raise TypeError("this bridge has no parcels")
    return parts


def require_sender() -> str:
    """Return the verified address of the request's sender, from its token or its session. Raises ServiceError 401."""
    if has_bearer_token():
        address = delivery().tokens.address_of(bearer_token())
        # Like a new session, a token needs a domain that the operator still serves.
        if not services().accounts.is_served(address):
            raise TokenRefused
        return address
    return require_session().address


def require_ticket() -> Opened:
    """Return the parcel that the request's ticket opens, and the ticket. Raises TicketEnded or ServiceError 410."""
    header = request.headers.get("Authorization", "")
    if header[: len(_SCHEME)].lower() != _SCHEME or len(header) > _MAX_CHARACTERS:
        raise TicketEnded
    return delivery().openings.find(header[len(_SCHEME) :].strip())


def check_id(parcel_id: str) -> str:
    """Return the id of a sender's parcel in an address. Raises NoParcel."""
    if not is_parcel_id(parcel_id):
        raise NoParcel
    return parcel_id


def read_request() -> dict[str, object]:
    """Return the members of a small request. A request without a body has no members."""
    return read_members(max_bytes=MAX_REQUEST_BYTES) if request.content_length != 0 else {}


def place_of(sender: str) -> AbstractContextManager[None]:
    """Take a place for a sender's request that may occupy its thread for long. Raises TryLater if none gets free."""
    return delivery().slow_gate.one(sender, patience_seconds=SLOW_PATIENCE_SECONDS)


@contextmanager
def body_of(sender: str) -> Iterator[None]:
    """Keep a place for a sender's request while its body comes.

    Raises TryLater, or at the end ServiceError 401 if the token was revoked or the session has ended meanwhile.
    """
    with place_of(sender):
        yield
    require_sender()


def read_manifest(sender: str) -> bytes:
    """Return the manifest that is the body of a request. Raises TryLater, or ServiceError as `body_of` does."""
    request.max_content_length = MAX_MANIFEST_BYTES
    with body_of(sender):
        return request.get_data(cache=False)


def read_slow_request(sender: str) -> dict[str, object]:
    """Return the members of a small request of a sender. Raises TryLater if too many of these requests are slow."""
    with body_of(sender):
        return read_request()


def now() -> float:
    """Return the time of the application's clock."""
    return services().config.clock().timestamp()


def time_text(at: float) -> str:
    """Return a time for JSON (RFC 3339), in UTC and whole seconds."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def render_created(parcel: Parcel) -> dict[str, object]:
    """Return the answer to a submission. A repeated request gets the same answer."""
    return {
        "id": parcel.id,
        "reference": parcel.reference,
        "expires": time_text(parcel.ends_at),
        "state": latest_state(parcel.stage, (), is_over=parcel.is_over(now())),
    }


def render_parcel(listed: ListedParcel) -> dict[str, object]:
    """Return a parcel with its states, for its sender."""
    parcel, is_over = listed.parcel, listed.parcel.is_over(now())
    # If the clock was wrong, the end may have been recorded too early.
    events = [event for event in listed.events if event.state is not State.EXPIRED or is_over]
    return {
        "id": parcel.id,
        "reference": parcel.reference,
        "state": latest_state(parcel.stage, events, is_over=is_over),
        "kind": parcel.kind,
        "to": [{"address": recipient.address, "language": recipient.language} for recipient in parcel.recipients],
        "bytes": parcel.total_bytes,
        "created": time_text(parcel.created_at),
        "submitted": time_text(parcel.submitted_at) if parcel.submitted_at else None,
        "expires": time_text(parcel.ends_at),
        "downloads": parcel.most_openings,
        "opened": parcel.openings,
        "triesLeft": parcel.tries_left,
        "stored": parcel.is_stored and parcel.stage in (Stage.UPLOADING, Stage.SUBMITTED),
        "states": [_render_event(event) for event in events],
    }


def _render_event(event: Event) -> dict[str, object]:
    optional = {"recipient": event.recipient, "code": event.code}
    return {
        "state": event.state,
        "at": time_text(event.at),
        "by": event.said_by,
        **{name: value for name, value in optional.items() if value},
    }
