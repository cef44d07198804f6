"""uvicorn for streams.

Small buffers show soon that a page reads slowly, and take little memory. The server ends within seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from sealwax.service.web_server import ending_signals
from webbridge.events.application import EventsApplication

END_SECONDS: Final = 5
_MAX_HEADER_BYTES: Final = 16 * 1024
# Room for some hundred events. When more wait for a page, its stream is dropped (`stream.MAX_WAITING`).
_SEND_BYTES: Final = 16 * 1024
_WAITING_BYTES: Final = 4 * 1024
_UNREAD_MILLISECONDS: Final = 60_000
_SOCKET_MODE: Final = 0o666  # The same mode as gunicorn's sockets. The folder's mode decides who can connect.


class StreamProtocol(H11Protocol):
    """A connection of the proxy with small buffers. It ends if the proxy reads no bytes for a minute."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Set the sizes of the buffers, and the time after which a proxy that reads nothing is disconnected."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=_WAITING_BYTES)
        connected = transport.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
        if connected.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MILLISECONDS)


class StreamServer(Server):
    """A server that ends its streams before it waits for its connections."""

    def __init__(self, application: EventsApplication) -> None:
        config = Config(
            application,
            http=StreamProtocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",
            access_log=False,
            # Only `trusted_proxies` decides whose headers are trusted.
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=_MAX_HEADER_BYTES,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=END_SECONDS,
        )
        super().__init__(config)
        self._application = application

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, and wait at most `END_SECONDS` until their last bytes are sent."""
        self._application.hub.end()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Shut down at the signals that end a service, so that the process ends with the exit code 0."""
        if threading.current_thread() is not threading.main_thread():
            yield  # Only the main thread gets signals.
            return
        loop = asyncio.get_running_loop()
        for number in ending_signals():
            loop.add_signal_handler(number, self._end)
        try:
            yield
        finally:
            for number in ending_signals():
                loop.remove_signal_handler(number)

    def _end(self) -> None:
        self.should_exit = True


def bind(listen: str) -> socket.socket:
    """Return a listening socket for an address as in the settings. Raises OSError."""
    if listen.startswith("unix:"):
        path = Path(listen.removeprefix("unix:"))
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        bound = socket.socket(socket.AF_UNIX)
        bound.bind(str(path))
        os.chmod(path, _SOCKET_MODE)
        bound.listen(1024)
        return bound
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family, backlog=1024)
