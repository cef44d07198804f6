"""The limit on messages that are sent at the same time. Each occupies its thread."""

from __future__ import annotations

from typing import Final

from sealwax.service import Gate

MAX_AT_ONCE: Final = 8  # Half of the threads that a service has by default. The others read.
MAX_AT_ONCE_PER_ACCOUNT: Final = 2  # In all its sessions, because a person may open any number of them.
_RETRY_SECONDS: Final = 5


def send_gate() -> Gate:
    """Return the limit for one process."""
    return Gate(
        MAX_AT_ONCE,
        places_per_client=MAX_AT_ONCE_PER_ACCOUNT,
        refusal="Too many messages are being sent at once. Try again in a moment.",
        retry_seconds=_RETRY_SECONDS,
    )
