"""A demonstration whose servers of pages, mail and keys can be stopped and started again, on the same ports."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from wsgiref.types import WSGIApplication

import pytest

from sealwax.service.web_server import serve
from tests.support.browser.browsers import Browser
from webbridge.demo import stack as demonstration
from webbridge.demo.ports import HOST
from webbridge.demo.stack import DemoStack


@dataclass(slots=True)
class Network:
    """The servers by their ports. `off` stops all of them, and `on` starts them again."""

    apps: dict[int, WSGIApplication] = field(default_factory=dict)
    running: dict[int, ExitStack] = field(default_factory=dict)

    @contextmanager
    def serve(self, app: WSGIApplication, bound: socket.socket) -> Iterator[None]:
        """Answer requests while the context lasts, unless the network is off."""
        port = bound.getsockname()[1]
        self.apps[port] = app
        self._start(port, bound)
        try:
            yield
        finally:
            self._stop(port)

    def off(self) -> None:
        """Stop all servers: from now on every request fails."""
        for port in list(self.running):
            self._stop(port)

    def on(self) -> None:
        """Start all servers again."""
        for port in self.apps:
            if port not in self.running:
                self._start(port, socket.create_server((HOST, port)))

    def _start(self, port: int, bound: socket.socket) -> None:
        self.running[port] = running = ExitStack()
        running.enter_context(serve(self.apps[port], bound))

    def _stop(self, port: int) -> None:
        if port in self.running:
            self.running.pop(port).close()


@dataclass(frozen=True, slots=True)
class Place:
    """A demonstration, and the network before it."""

    stack: DemoStack
    network: Network


@pytest.fixture(scope="module")
def place(pages_with_sources: Path) -> Iterator[Place]:
    """A demonstration of one module's own, behind a network that can be switched off."""
    network = Network()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demonstration, "serve", network.serve)
        with DemoStack(pages_folder=pages_with_sources) as stack:
            yield Place(stack, network)


@contextmanager
def without_network(place: Place, browser: Browser) -> Iterator[None]:
    """Stop the servers during the block."""
    browser.expect_error("ERR_|NetworkError|Cross-Origin|CORS|Failed to|can.t establish a connection|EventSource|fetch")
    place.network.off()
    try:
        yield
    finally:
        place.network.on()
