"""Date fields that browsers read otherwise than the core."""

from __future__ import annotations

from typing import Final

MISREAD: Final = {
    "You owe 100": None,
    "foo 1": None,
    "2026-11-28": None,
    "11/12/2026": None,
    "Sat, 28 Nov 2026 10:00:00": None,
    "31 Feb 2026 10:00:00 +0000": None,
    "28 Nov 2026 24:00:00 +0000": None,
    "Fri, 28 Nov 2026 10:00:00 +9900": None,
    "28 Nov 2026 10:00:00 GMT+0500": None,
    "1 Jan 2040 (comment) 10:00:00 +0000": None,
    "28 Nov 126 10:00:00 +0000": "2026-11-28T10:00:00Z",
    "28 Nov 2026 10:00:00 CET": "2026-11-28T10:00:00Z",
    "28 Nov 2026 10:00:00 Q (x)": "2026-11-28T10:00:00Z",
}
"""The body of each field, and its time in the report; None if it is no date-time of RFC 5322."""
