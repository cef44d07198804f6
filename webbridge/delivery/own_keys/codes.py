"""The codes that confirm addresses. They are derived from the pepper, so the database contains no codes."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select

from sealwax.service import CLOCK_SLACK_SECONDS, Database
from webbridge.database.tables import PARCEL_KEY_REQUEST
from webbridge.delivery.limits import CODE_SECONDS
from webbridge.delivery.pepper import Pepper

_FIND: Final = select(PARCEL_KEY_REQUEST).where(
    PARCEL_KEY_REQUEST.c.parcel == bindparam("of_id"),
    PARCEL_KEY_REQUEST.c.mailbox == bindparam("of_mailbox"),
    PARCEL_KEY_REQUEST.c.number == bindparam("of_number"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The code of one request, and the time when the code ends."""

    digits: str
    ends_at: datetime.datetime


class CodeBook:
    """The codes of the requests in one database, for the mails with the codes."""

    def __init__(self, database: Database, pepper: Pepper) -> None:
        self._database = database
        self._pepper = pepper

    def find(self, parcel: str, mailbox: str, number: int, at: datetime.datetime) -> Code | None:
        """Return the code for the mail of a request, or None if the code has ended."""
        with self._database.reading() as rows:
            row = rows.execute(_FIND, {"of_id": parcel, "of_mailbox": mailbox, "of_number": number}).first()
        if row is None or not counts(row.ends_at, row.tries_left, at.timestamp()):
            return None
        digits = self._pepper.key_code(parcel, bytes(row.digest), bytes(row.nonce))
        return Code(digits=digits, ends_at=datetime.datetime.fromtimestamp(row.ends_at, datetime.UTC))


def counts(ends_at: float, tries_left: int, at: float) -> bool:
    """Return whether a code still counts.

    If its end is too far in the future, a wrong clock made the code, and it does not count.
    """
    return tries_left > 0 and at < ends_at <= at + CODE_SECONDS + CLOCK_SLACK_SECONDS
