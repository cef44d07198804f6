"""The form in which the `sealwax roam` commands write times."""

from __future__ import annotations

import datetime


def write_minute(seconds: int) -> str:
    """Return a time as people read it: 2026-01-31 12:00 UTC."""
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%d %H:%M} UTC"


def write_time(seconds: int) -> str:
    """Return a time in seconds since 1970 as 2026-01-31T12:00:00Z."""
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
