"""Whether the mail servers accept connections, for the operator's monitoring. The test does not log in."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Final

from webbridge.config import BridgeConfig
from webbridge.gateway import ServerAddress

CONNECT_SECONDS: Final = 2.0
# Monitoring may ask every second, and each connection costs the mail server a process or a thread.
KEPT_SECONDS: Final = 30.0


class Reachability:
    """The last answer, for KEPT_SECONDS."""

    def __init__(self, config: BridgeConfig, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._addresses = addresses_of(config)
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._asked_at = float("-inf")
        self._is_good = False

    def is_good(self) -> bool:
        """Return whether all mail servers accept connections."""
        with self._turn:
            if self._monotonic() - self._asked_at > KEPT_SECONDS:
                self._is_good = all(_accepts(address) for address in self._addresses)
                self._asked_at = self._monotonic()
            return self._is_good


def addresses_of(config: BridgeConfig) -> list[ServerAddress]:
    """Return the addresses of all mail servers, each once."""
    servers = [config.mail_server, *(domain.server for domain in config.domains)]
    return list(dict.fromkeys(address for server in servers if server for address in (server.mailbox, server.smtp)))


def _accepts(address: ServerAddress) -> bool:
    try:
        socket.create_connection((address.host, address.port), timeout=CONNECT_SECONDS).close()
    except OSError:
        return False
    return True
