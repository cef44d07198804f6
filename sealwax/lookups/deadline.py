"""A moment by which everything has to be done, whatever the number of steps."""

from __future__ import annotations

import time


class Deadline:
    """So many seconds from now, by a clock that nobody sets."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, none when it is over."""
        return max(0.0, self._at - time.monotonic())

    def at_most(self, seconds: float) -> Deadline:
        """The earlier of this moment and one in so many seconds."""
        return Deadline(min(seconds, self.left()))

    def remaining(self) -> float:
        """Seconds that are left, more than none. Raises TimeoutError."""
        if seconds := self.left():
            return seconds
        raise TimeoutError
