"""The limit on messages that a session downloads at the same time.

Sending a small message takes no longer than counting it. So only messages with more than SMALL_BYTES count.
"""

from __future__ import annotations

from typing import Final

from webbridge.places.kinds import PlaceKind
from webbridge.places.session_limit import SessionLimit
from webbridge.places.shared import SharedPlaces

SMALL_BYTES: Final = 256 * 1024
_REFUSAL: Final = "Too many large messages are being loaded at once. Try again in a moment."


def download_limit(places: SharedPlaces) -> SessionLimit:
    """Return the limit for the downloads of one session in all processes together."""
    return SessionLimit(places, PlaceKind.DOWNLOAD, refusal=_REFUSAL)
