"""Notices that the first mail server has accepted, but a later one has sent back (RFC 3464).

A report names the notice with its Message-ID, of which 96 bits are random. Only the notice's recipient and the mail
servers on its way know the Message-ID. So nobody else can pretend that the notice of a parcel has failed.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import and_, bindparam, select, update

from sealwax.notices.outbox import Outcome
from sealwax.service import Database
from sealwax.service.database import insert_into
from smime_core.errors import SmimeError
from smime_core.mime import Entity, Headers, decode_body, parse_entity, parse_headers, parse_parts
from webbridge.database.tables import PARCEL, PARCEL_EVENT, PARCEL_NOTICE
from webbridge.delivery.notices.failures import returned_code
from webbridge.delivery.notices.outbox import PARCEL_KIND, queue_change
from webbridge.delivery.notices.sender_mail import Change
from webbridge.delivery.states import SaidBy, Stage, State

MAX_RETURNED_BYTES: Final = 1024 * 1024
"""The limit is generous: notices, and the reports about them, have a few thousand bytes."""
_REPORT: Final = ("multipart/report", "delivery-status")
_STATUSES: Final = ("message/delivery-status", "message/global-delivery-status")
_ORIGINALS: Final = ("message/rfc822", "message/global")
_ORIGINAL_HEADERS: Final = ("text/rfc822-headers", "message/global-headers")
_BLANK_LINES: Final = re.compile(rb"(?:\r?\n){2,}")
_STATUS: Final = re.compile(r"[45]\.[0-9]{1,3}\.[0-9]{1,3}")  # RFC 3463 section 2
_MESSAGE_ID: Final = re.compile(r"<([0-9]+\.[0-9a-f]{24})@[^<>@]+>")
_FAILED: Final = "failed"

_IS_IT: Final = and_(
    PARCEL_NOTICE.c.message_id == bindparam("of_id"),
    PARCEL_NOTICE.c.kind == PARCEL_KIND,
    # A notice that is `sending` was perhaps sent, and is not tried again.
    PARCEL_NOTICE.c.state.in_(("sending", Outcome.SENT.value, Outcome.PERHAPS_TWICE.value)),
)
_FAIL: Final = (
    update(PARCEL_NOTICE)
    .where(_IS_IT)
    .values(state=Outcome.FAILED.value, owner="", code=bindparam("new_code"))
    .returning(PARCEL_NOTICE.c.parcel, PARCEL_NOTICE.c.address)
)
_SENDER: Final = select(PARCEL.c.sender).where(
    PARCEL.c.id == bindparam("of_parcel"), PARCEL.c.stage == Stage.SUBMITTED.value
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A report that a mail was not delivered: the left part of the mail's Message-ID, and the status of RFC 3463."""

    id: str
    status: str


def parse_returned(mail: bytes) -> Returned | None:
    """Return the report in a mail about a notice that was not delivered, or None if the mail is no such report."""
    try:
        report = parse_entity(mail)
        content = report.content_type
        if (content.media_type, content.parameters.get("report-type", "").lower()) != _REPORT:
            return None
        parts = parse_parts(report)
        status, notice = _find_status(parts), _find_id(parts)
    except SmimeError:
        return None
    return None if status is None or notice is None else Returned(id=notice, status=status)


def fail_returned(database: Database, returned: Returned, at: datetime.datetime) -> bool:
    """Note that a notice came back, and tell the sender of its parcel. Return whether there was such a notice.

    A second report changes nothing. Raises DatabaseUnavailable.
    """
    code = returned_code(returned.status)
    with database.transaction() as rows:
        notice = rows.execute(_FAIL, {"of_id": returned.id, "new_code": code}).first()
        if notice is None:
            return False
        sender = rows.execute(_SENDER, {"of_parcel": notice.parcel}).scalar()
        if sender is None:
            return True
        event = insert_into(rows, PARCEL_EVENT).values(
            parcel=notice.parcel,
            state=State.FAILED.value,
            said_by=SaidBy.MAIL_SERVER.value,
            recipient=notice.address,
            at=at.timestamp(),
            code=code,
        )
        rows.execute(event.on_conflict_do_nothing())
        queue_change(rows, notice.parcel, Change.FAILED, sender=sender, at=at)
    return True


def _find_status(parts: list[Entity]) -> str | None:
    """The status of the first recipient for whom the delivery failed for good (RFC 3464 section 2.3)."""
    for part in parts:
        if part.content_type.media_type not in _STATUSES:
            continue
        # One group of fields is about the report. Each other group is about one recipient.
        for group in map(parse_headers, _BLANK_LINES.split(bytes(decode_body(part)))):
            status = _STATUS.match(group.get_unfolded("Status") or "")
            if (group.get_unfolded("Action") or "").lower() == _FAILED and status is not None:
                return status[0]
    return None


def _find_id(parts: list[Entity]) -> str | None:
    for part in parts:
        if part.content_type.media_type in (*_ORIGINALS, *_ORIGINAL_HEADERS):
            match = _MESSAGE_ID.fullmatch((_headers_in(part).get_unfolded("Message-ID") or "").strip())
            if match is not None:
                return match[1]
    return None


def _headers_in(part: Entity) -> Headers:
    original = decode_body(part)
    return parse_entity(original).headers if part.content_type.media_type in _ORIGINALS else parse_headers(original)
