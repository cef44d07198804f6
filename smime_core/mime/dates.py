"""The date-time of header fields, written and read (RFC 5322 section 3.3)."""

from __future__ import annotations

import datetime
import re
from typing import Final

from smime_core.errors import MalformedMessage

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE: Final = re.compile(
    r"\s*+(?:[A-Za-z]{3},\s*+)?(\d{1,2})\s++([A-Za-z]{3})\s++(\d{4})\s++(\d\d):(\d\d)(?::(\d\d))?\s++"
    r"(?:([+-])(\d\d)(\d\d)|GMT|UTC?|Z)\s*+(?:\([^()]{0,100}\)\s*+)?"
)


def format_date(date: datetime.datetime) -> str:
    """The date-time for a header field. Raises MalformedMessage for a time without zone."""
    # Not strftime, whose names follow the locale.
    if date.tzinfo is None:
        raise MalformedMessage("the time has no time zone", where="Date")
    return f"{_DAYS[date.weekday()]}, {date.day} {_MONTHS[date.month - 1]} {date:%Y %H:%M:%S %z}"


def parse_date(value: str) -> datetime.datetime | None:
    """The time that a field body says, None where it says none. The day of the week is not looked at."""
    match = _DATE.fullmatch(value)
    if match is None or match[2].title() not in _MONTHS:
        return None
    month = _MONTHS.index(match[2].title()) + 1
    offset = datetime.timedelta(hours=int(match[8] or 0), minutes=int(match[9] or 0))
    try:
        zone = datetime.timezone(-offset if match[7] == "-" else offset)
        # RFC 5322 allows a leap second, which datetime does not know.
        second = min(int(match[6] or 0), 59)
        return datetime.datetime(int(match[3]), month, int(match[1]), int(match[4]), int(match[5]), second, tzinfo=zone)
    except ValueError:
        return None
