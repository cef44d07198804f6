"""Times as text."""

from __future__ import annotations

import datetime


def utc_text(time: datetime.datetime) -> str:
    """An aware time in UTC, in whole seconds: 2026-01-31T12:00:00Z."""
    # The text is not made with strftime, which writes years before 1000 differently on each system.
    return time.astimezone(datetime.UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def parse_utc_text(text: str) -> datetime.datetime:
    """The time in a text of `utc_text`. Raises ValueError for any other text."""
    # The text is not read with strptime, which needs three more modules in a browser.
    time = datetime.datetime.fromisoformat(text)
    if not text.endswith("Z") or utc_text(time) != text:
        raise ValueError(text)
    return time
