"""The limit on concurrent actions of a session, in all processes of the bridge together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sealwax.service import TryLater
from webbridge.places.kinds import PlaceKind
from webbridge.places.processes import NOTICED_SECONDS
from webbridge.places.shared import SharedPlaces


class SessionLimit:
    """The limit that one kind of places sets. `refusal` is the text of TryLater."""

    def __init__(self, places: SharedPlaces, kind: PlaceKind, *, refusal: str) -> None:
        self._places = places
        self._kind = kind
        self._refusal = refusal

    def take(self, session_id: str) -> Callable[[], None]:
        """Take a place, and return the function that gives it back. Raises TryLater."""
        place = self._places.take(self._kind, session_id)
        if place is None:
            raise TryLater(self._refusal, NOTICED_SECONDS)
        return lambda: self._places.give_back(place)

    @contextmanager
    def one(self, session_id: str) -> Iterator[None]:
        """Hold a place during the block. Raises TryLater."""
        give_back = self.take(session_id)
        try:
            yield
        finally:
            give_back()
