"""Six ports in a row on the loopback address. All are bound before a server starts, so that none is taken meanwhile."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack
from dataclasses import dataclass

HOST = "127.0.0.1"
DEFAULT_BASE = 8460
HIGHEST_BASE = 65_535 - 5
STEP = 10
ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class Ports:
    """Bound sockets: pages, API, key server, IMAP, SMTP, revocation list, on `base` to `base + 5`."""

    base: int
    pages: socket.socket
    api: socket.socket
    keys: socket.socket
    imap: socket.socket
    smtp: socket.socket
    authority: socket.socket

    def close(self) -> None:
        """Release the ports. Closing a socket twice is no error."""
        for bound in (self.pages, self.api, self.keys, self.imap, self.smtp, self.authority):
            bound.close()


def bind_ports(base: int = DEFAULT_BASE, *, is_fixed: bool = False) -> Ports:
    """Bind the six ports from `base` on. If one of them is in use, try `base + 10`, `base + 20` and so on.

    With `is_fixed` no others are tried. Raises OSError if no six ports in a row are free.
    """
    if is_fixed:
        return _bind(base)
    for candidate in range(base, min(base + STEP * ATTEMPTS, HIGHEST_BASE + 1), STEP):
        try:
            return _bind(candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"no six free ports in a row from {base}")


def _bind(base: int) -> Ports:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((HOST, port))) for port in range(base, base + 6)]
        stack.pop_all()
    return Ports(base, *sockets)
