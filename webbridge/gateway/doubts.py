"""Refused logins of which the server does not say that the password is wrong.

A server may refuse one connection more for many reasons, and not all name theirs. So the first refusal without a reason
ends nothing; one that comes later, without a login in between, counts as a wrong password.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from webbridge.gateway.door import GatewayCode, GatewayError, LoginRefused

# A second refusal before is about the same moment.
LATER_SECONDS: Final = 60.0
# The times of ended sessions are dropped at last.
FORGOTTEN_SECONDS: Final = 86_400.0


class Doubts:
    """The times of the first refusals without a reason, by what was refused."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._first: dict[str, float] = {}

    def judge(self, name: str, refusal: LoginRefused) -> GatewayError:
        """Return what a refusal means: itself if it names the password or is a later one, else BUSY."""
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
        """Forget a refusal after a login that succeeded."""
        with self._lock:
            self._first.pop(name, None)

    def look_after(self) -> None:
        """Forget what is long ago."""
        now = self._monotonic()
        with self._lock:
            self._first = {name: at for name, at in self._first.items() if at > now - FORGOTTEN_SECONDS}
