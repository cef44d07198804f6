"""The thread that keeps the places of a process, and the ear for other processes that want one."""

from __future__ import annotations

import logging
import threading
from typing import Final, Protocol

from sealwax.service import Announcement, Announcements, DatabaseUnavailable

LOOK_SECONDS: Final = 5.0
# Announcements by a file are read so often, because somebody waits.
HEAR_SECONDS: Final = 0.05
_log = logging.getLogger(__name__)


class PlaceUser(Protocol):
    """The part of a process that uses places for longer than a call."""

    def give_one_back(self, name: str) -> None:
        """Give back one of the places of this name, now or after its call."""

    def look_after(self) -> None:
        """Give back the places that were not used for long."""


class KeptPlaces(Protocol):
    """The places of a process, as their keeper needs them."""

    def hear(self, announcement: Announcement | None) -> None:
        """Do what another process says."""

    def look_after(self) -> None:
        """Keep the places. Raises DatabaseUnavailable."""


class Keeper:
    """Looks after the places of this process until it is closed."""

    def __init__(self, places: KeptPlaces, announcements: Announcements) -> None:
        self._places = places
        self._ends = threading.Event()
        self._listening = announcements.listen(places.hear, poll_seconds=HEAR_SECONDS)
        self._thread = threading.Thread(target=self._look_after, name="places", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look after them no longer."""
        self._ends.set()
        self._thread.join()
        self._listening.close()

    def _look_after(self) -> None:
        while not self._ends.wait(LOOK_SECONDS):
            try:
                self._places.look_after()
            except DatabaseUnavailable:
                continue  # Said by the database. The next look makes up for it.
            except Exception:  # noqa: BLE001 (the lease must not run out, whatever a connection does when it is closed)
                _log.exception("the places of this process were not looked after")
