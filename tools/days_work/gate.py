"""A proxy on loopback in front of a server. While the gate is shut, it refuses and breaks all connections."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_PIECE: Final = 64 * 1024
# A connection that is closed with these options ends with a reset, as if the network had failed.
_RESET: Final = struct.pack("ii", 1, 0)


class Gate:
    """Passes bytes on to the port `target` of loopback, which may be set after the start."""

    def __init__(self) -> None:
        self.target = 0
        self._lock = threading.Lock()
        self._listener: socket.socket | None = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._dropped: tuple[bytes, ...] = ()
        self.has_dropped = threading.Event()
        self._listen(self._listener)

    def shut(self) -> None:
        """Break the network: tear all connections, and refuse new ones."""
        with self._lock:
            listener, self._listener = self._listener, None
            torn, self._open = self._open, set()
        if listener:
            # Closing alone does not wake the thread that waits in `accept`.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in torn:
            _tear(connection)

    def open(self) -> None:
        """Bring the network back."""
        with self._lock:
            self._dropped = ()
            if self._listener:
                return
            self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listen(self._listener)

    def shut_at_the_answer(self, request: tuple[bytes, ...]) -> None:
        """Let the next request that begins with `request` reach the server, but break the network before its answer."""
        self.has_dropped.clear()
        self._dropped = request

    def _listen(self, listener: socket.socket) -> None:
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self.target))
                except OSError:
                    _tear(client)
                    continue
                with self._lock:
                    is_open = self._listener is listener
                    if is_open:
                        self._open |= {client, server}
                if not is_open:
                    _tear(client)
                    _tear(server)
                    return
                connection = _Connection(self, client, server)
                for work in (connection.carry_requests, connection.carry_answers):
                    threading.Thread(target=work, daemon=True).start()

    def drops(self, piece: bytes) -> bool:
        """Whether the answer to this piece of a request must be lost."""
        with self._lock:
            is_dropped = bool(self._dropped) and piece.startswith(self._dropped)
            if is_dropped:
                self._dropped = ()
            return is_dropped

    def forget(self, *ended: socket.socket) -> None:
        """Remove connections that have ended."""
        with self._lock:
            self._open -= set(ended)


class _Connection:
    def __init__(self, gate: Gate, client: socket.socket, server: socket.socket) -> None:
        self._gate, self._client, self._server = gate, client, server
        self._is_dropped = False

    def carry_requests(self) -> None:
        with suppress(OSError):
            while piece := self._client.recv(_PIECE):
                self._is_dropped = self._is_dropped or self._gate.drops(piece)
                self._server.sendall(piece)
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_WR)

    def carry_answers(self) -> None:
        with suppress(OSError):
            while piece := self._server.recv(_PIECE):
                if self._is_dropped:
                    self._gate.shut()
                    self._gate.has_dropped.set()
                    break
                self._client.sendall(piece)
        self._gate.forget(self._client, self._server)
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _tear(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def running_gate() -> Iterator[Gate]:
    """A gate that is open during the block."""
    gate = Gate()
    try:
        yield gate
    finally:
        gate.shut()
