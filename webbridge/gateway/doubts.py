"""Refused logins for which the server does not say whether the password is wrong.

A server may refuse a further connection for many reasons, and not all servers name the reason. So the first refusal
without a reason ends no session. A later refusal, without a successful login in between, counts as a wrong password.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from webbridge.gateway.door import GatewayCode, GatewayError, LoginRefused

# A further refusal within this time may have the same temporary reason as the first.
LATER_SECONDS: Final = 60.0
# Times that are older than this are dropped, because their sessions may have ended.
FORGOTTEN_SECONDS: Final = 86_400.0


class Doubts:
    """The times of the first refusals without a reason. The caller chooses a name for each session or login."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._first: dict[str, float] = {}

    def judge(self, name: str, refusal: LoginRefused) -> GatewayError:
        """Return the refusal if it is about the password, or if it comes long after the first one. Else return BUSY."""
        if refusal.names_password:
            return refusal
        now = self._monotonic()
        with self._lock:
            first = self._first.setdefault(name, now)
        if now - first >= LATER_SECONDS:
            return refusal
        text = "The mail server refused to sign you in, and did not say why. Try again in a minute."
        return GatewayError(GatewayCode.BUSY, text)

    def settle(self, name: str) -> None:
        """Drop the time of a refusal after a login that succeeded."""
        with self._lock:
            self._first.pop(name, None)

    def look_after(self) -> None:
        """Drop old times."""
        now = self._monotonic()
        with self._lock:
            self._first = {name: at for name, at in self._first.items() if at > now - FORGOTTEN_SECONDS}
