"""One connection to a browser by W3C WebDriver BiDi: commands, their answers, and events.

The connection is synchronous: a command waits for its answer, and keeps the events that arrive meanwhile, in order.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final, Protocol

from websockets.sync.client import ClientConnection, connect

# JSON from a browser. The type is not checked here: each test checks the part that it reads.
Json = Any

PATIENCE_SECONDS: Final = 30
"""The longest wait for an expected change. It is long because a busy machine takes ten times as long as an idle one."""


class BidiError(Exception):
    """The browser refused a command; `code` is its error code, such as `no such frame`."""

    def __init__(self, method: str, code: str, message: str) -> None:
        super().__init__(f"{method}: {code}: {message}")
        self.code = code


class Connection(Protocol):
    """Commands to a browser, their answers, and its events."""

    def command(self, method: str, /, *, timeout_seconds: float = 60, **params: Json) -> Json: ...

    def take_events(self, method: str) -> list[Json]: ...

    def close(self) -> None: ...


class BidiConnection:
    """The WebSocket of a browser session."""

    def __init__(self, url: str) -> None:
        # No size limit, because screenshots and attachments are large. No proxy, because the browser is on loopback. No
        # pings: they would call `random` in another thread, and Hypothesis fails a test during which that happens.
        self._closing = ExitStack()
        self._socket: ClientConnection = self._closing.enter_context(
            connect(url, max_size=None, proxy=None, open_timeout=30, ping_interval=None)
        )
        self._ids = itertools.count(1)
        self._events: list[dict[str, Json]] = []

    def command(self, method: str, /, *, timeout_seconds: float = 60, **params: Json) -> Json:
        """Send one command and return its result.

        Raises BidiError when the browser refuses it, TimeoutError when it does not answer.
        """
        identifier = next(self._ids)
        self._socket.send(json.dumps({"id": identifier, "method": method, "params": params}))
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                message = json.loads(self._socket.recv(timeout=max(0.0, deadline - time.monotonic())))
            except TimeoutError as error:
                raise TimeoutError(f"{method}: no answer within {timeout_seconds} s") from error
            if message.get("id") != identifier:
                self._keep(message)
            elif message["type"] == "error":
                raise BidiError(method, message["error"], message["message"])
            else:
                return message["result"]

    def take_events(self, method: str) -> list[Json]:
        """Return and forget the parameters of every event of this kind that has arrived."""
        self._drain()
        taken = [event["params"] for event in self._events if event["method"] == method]
        self._events = [event for event in self._events if event["method"] != method]
        return taken

    def close(self) -> None:
        self._closing.close()

    def _drain(self) -> None:
        while True:
            try:
                self._keep(json.loads(self._socket.recv(timeout=0)))
            except TimeoutError:
                return

    def _keep(self, message: dict[str, Json]) -> None:
        # An answer that nobody waits for any more (its command timed out) has no method and is dropped.
        if "method" in message:
            self._events.append(message)


def walk_contexts(contexts: list[Json]) -> Iterator[Json]:
    """All browsing contexts of a tree, parents before children."""
    for context in contexts:
        yield context
        yield from walk_contexts(context.get("children") or [])
