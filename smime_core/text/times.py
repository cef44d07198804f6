"""Times as text."""

from __future__ import annotations

import datetime


def utc_text(time: datetime.datetime) -> str:
    """An aware time in UTC, in whole seconds: 2026-01-31T12:00:00Z."""
    # This does not use strftime, which writes years before 1000 differently on each system.
    return time.astimezone(datetime.UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
