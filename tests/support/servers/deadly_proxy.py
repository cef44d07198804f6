"""A proxy between a service and its mail server that does something after a number of bytes in one direction."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum


class Direction(Enum):
    """The direction in which bytes are counted."""

    TO_SERVER = "to the server"
    TO_CLIENT = "to the client"


@dataclass(slots=True)
class DeadlyProxy:
    """The proxy of one test.

    After `after` bytes in `direction`, `strike` is called once. With `breaks`, no more bytes pass from then on.
    """

    port: int = 0
    direction: Direction = Direction.TO_SERVER
    after: int | None = None
    strike: Callable[[], None] = lambda: None
    breaks: bool = True
    passed: dict[Direction, int] = field(default_factory=lambda: dict.fromkeys(Direction, 0))
    has_struck: threading.Event = field(default_factory=threading.Event)

    def arm(self, direction: Direction, after: int | None, strike: Callable[[], None], *, breaks: bool = True) -> None:
        """Count anew, and strike after so many bytes."""
        self.direction, self.after, self.strike, self.breaks = direction, after, strike, breaks
        self.passed = dict.fromkeys(Direction, 0)
        self.has_struck.clear()

    def pump(self, source: socket.socket, target: socket.socket, direction: Direction) -> None:
        """Pass bytes on until one side closes."""
        with suppress(OSError):
            while piece := source.recv(64 * 1024):
                has_passed = self.has_struck.is_set() and not self.breaks
                is_counted = self.after is not None and direction is self.direction and not has_passed
                left = (self.after or 0) - self.passed[direction] if is_counted else len(piece)
                target.sendall(piece[:left])
                self.passed[direction] += min(left, len(piece))
                if left <= len(piece) and is_counted and not self.has_struck.is_set():
                    self.strike()
                    self.has_struck.set()
                    if self.breaks:
                        break
                    target.sendall(piece[left:])
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def deadly_proxy(port: int) -> Iterator[DeadlyProxy]:
    """Run a proxy to a port of loopback during the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = DeadlyProxy(port=listener.getsockname()[1])

        connections: list[threading.Thread] = []

        def carry(client: socket.socket) -> None:
            with client, socket.create_connection(("127.0.0.1", port)) as server:
                back = threading.Thread(target=proxy.pump, args=(server, client, Direction.TO_CLIENT))
                back.start()
                proxy.pump(client, server, Direction.TO_SERVER)
                back.join()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    connections.append(threading.Thread(target=carry, args=(client,)))
                    connections[-1].start()

        thread = threading.Thread(target=serve)
        thread.start()
        yield proxy
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        for worker in (thread, *connections):
            worker.join()
