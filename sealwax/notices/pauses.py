"""The growing pauses between the tries of one notice (RFC 5321 section 4.5.4.1)."""

from __future__ import annotations

from typing import Final

FIRST_PAUSE_SECONDS: Final = 60
LONGEST_PAUSE_SECONDS: Final = 4 * 60 * 60
TAKEN_SECONDS: Final = 5 * 60
"""Longer than one try takes. If the process ends during a try, another one sends the notice after this time."""


def pause_seconds(tries: int) -> int:
    """Return the pause after a number of tries."""
    return min(FIRST_PAUSE_SECONDS << min(max(tries, 1) - 1, 10), LONGEST_PAUSE_SECONDS)
