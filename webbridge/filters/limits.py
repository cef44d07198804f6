"""The limit on requests of a session to the server of its filters at the same time. Each request occupies a thread."""

from __future__ import annotations

from typing import Final

from webbridge.places.kinds import PlaceKind
from webbridge.places.session_limit import SessionLimit
from webbridge.places.shared import SharedPlaces

_REFUSAL: Final = "The filters are being loaded or saved already. Try again in a moment."


def filter_limit(places: SharedPlaces) -> SessionLimit:
    """Return the limit for the filters of one session in all processes together."""
    return SessionLimit(places, PlaceKind.SIEVE, refusal=_REFUSAL)
