"""A deadline for a task of any number of steps."""

from __future__ import annotations

import time


class Deadline:
    """A moment `seconds` from now, by a clock that cannot be set."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left, 0 when the time is over."""
        return max(0.0, self._at - time.monotonic())

    def at_most(self, seconds: float) -> Deadline:
        """The earlier of this deadline and a deadline `seconds` from now."""
        return Deadline(min(seconds, self.left()))

    def remaining(self) -> float:
        """The seconds that are left, more than 0. Raises TimeoutError when the time is over."""
        if seconds := self.left():
            return seconds
        raise TimeoutError
