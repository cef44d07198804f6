"""Free ports on loopback."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress
from typing import Final

# Below the ports that the kernel gives to outgoing connections: such a connection could take a port before its server
# has started.
_PORTS: Final = range(15_000, 32_000)


def free_port() -> int:
    while True:
        port = secrets.choice(_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
