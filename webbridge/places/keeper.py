"""The threads that renew the lease and the lock of a process, and listen to other processes that want a place."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol

from sealwax.service import Announcement, Announcements, DatabaseUnavailable
from webbridge.places.processes import WATCH_SECONDS

LOOK_SECONDS: Final = 5.0
# Announcements in a file are read this often, because another process waits for an answer.
HEAR_SECONDS: Final = 0.05
_log = logging.getLogger(__name__)


class PlaceUser(Protocol):
    """The part of a process that holds places longer than a call, such as the kept connections."""

    def give_one_back(self, name: str) -> None:
        """Give back one of the places of this name, now or after the call that uses it."""

    def look_after(self) -> None:
        """Give back the places that were not used for long."""


class KeptPlaces(Protocol):
    """The places of a process, as their keeper needs them."""

    def hear(self, announcement: Announcement | None) -> None:
        """React to an announcement of another process."""

    def look_after(self) -> None:
        """Keep the places. Raises DatabaseUnavailable."""

    def watch(self) -> None:
        """Free the places of processes that were killed. Raises DatabaseUnavailable."""


class Keeper:
    """Keeps the places of this process until it is closed."""

    def __init__(self, places: KeptPlaces, announcements: Announcements) -> None:
        self._ends = threading.Event()
        self._listening = announcements.listen(places.hear, poll_seconds=HEAR_SECONDS)
        # Closing connections may take long, but `watch` must not wait for it. So `watch` has a separate thread.
        self._threads = [
            threading.Thread(target=self._repeat, args=(call, seconds), name="places", daemon=True)
            for call, seconds in ((places.look_after, LOOK_SECONDS), (places.watch, WATCH_SECONDS))
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop the threads."""
        self._ends.set()
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _repeat(self, call: Callable[[], None], seconds: float) -> None:
        while not self._ends.wait(seconds):
            try:
                call()
            except DatabaseUnavailable:
                continue  # The database logs the error. The next call does the work.
            except Exception:  # noqa: BLE001 (the lease must not run out, whatever a connection does when it is closed)
                _log.exception("the places of this process were not looked after")
