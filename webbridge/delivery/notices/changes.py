"""The events of a parcel about which its sender gets a mail, one for each kind. Answers are mailed separately."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from webbridge.database.tables import PARCEL, PARCEL_EVENT, PARCEL_NOTICE
from webbridge.delivery.notices.outbox import queue_first_change
from webbridge.delivery.notices.sender_mail import Change
from webbridge.delivery.states import Event, SaidBy, State

_TOLD: Final = {
    (State.OPENED, SaidBy.RECIPIENT_CLAIMS): Change.OPENED,
    (State.OPENED, SaidBy.RECIPIENT_SIGNED): Change.SIGNED,
    (State.EXPIRED, SaidBy.SERVICE): Change.EXPIRED,
}
_SENDER: Final = select(PARCEL.c.sender).where(PARCEL.c.id == bindparam("of_id"))
_WAS_OPENED: Final = select(PARCEL_EVENT.c.state).where(
    PARCEL_EVENT.c.parcel == bindparam("of_id"), PARCEL_EVENT.c.state.in_((State.OPENED.value, State.ANSWERED.value))
)

_EXPIRED: Final = PARCEL_NOTICE.c.kind == Change.EXPIRED.value
FORGET_EXPIRY: Final = delete(PARCEL_NOTICE).where(PARCEL_NOTICE.c.parcel == bindparam("of_id"), _EXPIRED)
"""The statement that deletes the notice of an expiry that did not come. So a later expiry is mailed too."""


def tell_sender(rows: Connection, parcels: Iterable[str], event: Event) -> None:
    """Queue mails about an event to the senders of its parcels, if this kind of event is mailed.

    The call is part of the transaction that notes the event. The end of a parcel that was opened is not mailed.
    """
    change = _TOLD.get((event.state, event.said_by))
    if change is None:
        return
    for parcel in parcels:
        if change is Change.EXPIRED and rows.execute(_WAS_OPENED, {"of_id": parcel}).first() is not None:
            continue
        sender = rows.execute(_SENDER, {"of_id": parcel}).scalar()
        if sender is not None:
            at = datetime.datetime.fromtimestamp(event.at, datetime.UTC)
            queue_first_change(rows, parcel, change, sender=sender, at=at)
