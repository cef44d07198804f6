"""A process of events as a thread, and a page that reads its stream."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from tests.support.servers.bridge import API, PAGES
from tests.support.servers.mailboxes import ALICE, PASSWORDS
from webbridge import BridgeConfig
from webbridge.config import MAX_STREAMS
from webbridge.events.application import EventsApplication
from webbridge.events.server import StreamServer

LISTEN_SECONDS = 20.0
FROM_PAGE = {"Origin": PAGES}


@dataclass(frozen=True, slots=True)
class Events:
    """The process of events under test, and its port."""

    application: EventsApplication
    server: StreamServer
    port: int


@contextmanager
def run_events(config: BridgeConfig, max_streams: int = MAX_STREAMS) -> Iterator[Events]:
    """Serve events during the block."""
    bound = socket.create_server(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    application = EventsApplication(config, max_streams=max_streams)
    server = StreamServer(application)
    thread = threading.Thread(target=server.run, args=[[bound]], name="events")
    thread.start()
    try:
        yield Events(application, server, port)
    finally:
        server.should_exit = True
        thread.join()
        application.close()


class Page:
    """One stream as a page has it. Reading waits until something comes, or raises TimeoutError."""

    def __init__(
        self, port: int, cookie: str, headers: dict[str, str] = FROM_PAGE, *, method: str = "GET", query: str = ""
    ) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LISTEN_SECONDS)
        host = API.removeprefix("http://")
        self._connection.request(method, f"/api/events{query}", headers={"Host": host, "Cookie": cookie} | headers)
        self._answer = self._connection.getresponse()

    @property
    def status(self) -> int:
        return self._answer.status

    @property
    def headers(self) -> http.client.HTTPMessage:
        return self._answer.headers

    def read_json(self) -> Any:
        """The body of a refusal."""
        return json.loads(self._answer.read())

    def next_event(self) -> tuple[str, Any]:
        """The name and the members of the next event; ("retry", milliseconds), or ("end", None)."""
        name = ""
        while line := self._answer.readline().decode():
            field, _, value = line.rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                return name, json.loads(value)
            elif field == "retry":
                return "retry", int(value)
        return "end", None

    def wait_for(self, name: str) -> Any:
        """The members of the next event of this name."""
        deadline = time.monotonic() + LISTEN_SECONDS
        while time.monotonic() < deadline:
            event, members = self.next_event()
            if event == name:
                return members
            if event == "end":
                break
        raise AssertionError(f"there was no event {name}")

    def close(self) -> None:
        self._answer.close()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def sign_in_at(api: str, pages: str, address: str = ALICE, password: str = PASSWORDS[ALICE]) -> str:
    """Sign in at a running bridge. Returns the session's cookie."""
    body = json.dumps({"address": address, "password": password}).encode()
    headers = {"Origin": pages, "X-Sealwax": "1", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{api}/api/session", body, headers), timeout=20) as answer:
        return str(answer.headers["Set-Cookie"].split(";")[0])
