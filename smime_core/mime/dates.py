"""Write and parse the date-time of header fields (RFC 5322 section 3.3)."""

from __future__ import annotations

import datetime
import re
from typing import Final

from smime_core.errors import MalformedMessage
from smime_core.mime.headers import Headers

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE: Final = re.compile(
    r"\s*+(?:[A-Za-z]{3},\s*+)?([0-9]{1,2})\s++([A-Za-z]{3})\s++([0-9]{2,4})\s++"
    r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?\s++(?:([+-])([0-9]{2})([0-9]{2})|([A-Za-z]{1,5}))\s*+"
    r"(?:\([^()]{0,100}\)\s*+)?"
)

# The zones of old mail (RFC 5322 section 4.3). Any other name means an unknown zone, as -0000 does. We read it as UTC.
_HOURS_OF_ZONE: Final = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}


def format_date(date: datetime.datetime) -> str:
    """The date-time for a header field. Raises MalformedMessage for a time without zone."""
    # strftime is not used, because its names depend on the locale.
    if date.tzinfo is None:
        raise MalformedMessage("the time has no time zone", where="Date")
    return f"{_DAYS[date.weekday()]}, {date.day} {_MONTHS[date.month - 1]} {date.year:04} {date:%H:%M:%S %z}"


def read_date(headers: Headers | None) -> datetime.datetime | None:
    """The time in the first Date field, or None if there is no field or its body is no date-time."""
    return parse_date(headers.get_unfolded("Date") or "") if headers is not None else None


def parse_date(value: str) -> datetime.datetime | None:
    """Parse the time in a field body, or return None. The day of the week is not checked.

    A time whose year in UTC is 0 or 10000 yields None, because it could not be converted to other zones. Years and
    zones of old mail are read too (RFC 5322 section 4.3).
    """
    match = _DATE.fullmatch(value)
    if match is None or match[2].title() not in _MONTHS:
        return None
    month = _MONTHS.index(match[2].title()) + 1
    offset = datetime.timedelta(hours=int(match[8] or 0), minutes=int(match[9] or 0))
    if match[10]:
        offset = datetime.timedelta(hours=_HOURS_OF_ZONE.get(match[10].upper(), 0))
    year = int(match[3])
    if len(match[3]) < 4:
        year += 2000 if len(match[3]) == 2 and year < 50 else 1900
    try:
        zone = datetime.timezone(-offset if match[7] == "-" else offset)
        # RFC 5322 allows a leap second, which datetime cannot represent.
        second = min(int(match[6] or 0), 59)
        date = datetime.datetime(year, month, int(match[1]), int(match[4]), int(match[5]), second, tzinfo=zone)
        date.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None
    return date
