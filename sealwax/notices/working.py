"""The thread that sends due notices, in each process of a service."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from sealwax.service import DatabaseUnavailable

LOOK_SECONDS: Final = 5.0
_END_SECONDS: Final = 5.0
_log = logging.getLogger(__name__)


class Worker:
    """Calls a function again and again, until it is stopped. The function asks `is_stopping` between two notices."""

    def __init__(self, send_due: Callable[[], None]) -> None:
        self._send_due = send_due
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def start(self) -> None:
        """Begin to send. The process must not fork any more."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the notice that is being sent. If that takes too long, another process sends the notice again."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_END_SECONDS)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self._send_due()
            except DatabaseUnavailable:
                _log.warning("no notices were sent: the database is unavailable")
            except Exception as error:  # noqa: BLE001 (the thread must outlive whatever one notice brings)
                _log.error("no notices were sent: %s", type(error).__name__)
