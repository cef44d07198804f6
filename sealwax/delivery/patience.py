"""Repetition of failed exchanges, with growing pauses, for as long as a person would wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from sealwax.delivery.failures import DeliveryFailed

Result = TypeVar("Result")

PROGRESS_BYTES: Final = 16_384
"""Fewer bytes are no progress, because a service that accepts or sends one byte at a time would be asked for ever."""
_TRIES: Final = 8  # The tries without any progress. With the pauses they take two minutes.
_FIRST_PAUSE_SECONDS: Final = 0.5
_MAX_PAUSE_SECONDS: Final = 60.0


class Patience:
    """The number of tries that are left. Progress renews them."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._failed = 0

    def note_progress(self) -> None:
        """Renew all tries, because there was progress."""
        self._failed = 0

    def run(self, action: Callable[[], Result]) -> Result:
        """The result of the action. After a failure that may pass, the action is repeated. Raises DeliveryFailed."""
        while True:
            try:
                result = action()
            except DeliveryFailed as error:
                self._failed += 1
                if not error.is_passing or self._failed >= _TRIES:
                    raise
                pause = _FIRST_PAUSE_SECONDS * 2 ** (self._failed - 1)
                self._sleep(min(max(pause, error.retry_after_seconds or 0), _MAX_PAUSE_SECONDS))
            else:
                self.note_progress()
                return result
