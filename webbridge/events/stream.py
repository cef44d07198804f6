"""The events that wait for one page, as server-sent events (HTML, section 9.2)."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from typing import Final

from webbridge.login.sessions import Session

MAX_WAITING: Final = 16
HEARTBEAT_SECONDS: Final = 25.0  # Proxies and routers drop connections that are silent for a minute.
HEARTBEAT: Final = b":\n\n"


def event_bytes(name: str, members: Mapping[str, object]) -> bytes:
    """Return one event. Its JSON is one line, because line ends in texts are escaped."""
    return f"event: {name}\ndata: {json.dumps(members, separators=(',', ':'))}\n\n".encode()


def retry_bytes(milliseconds: int) -> bytes:
    """Return the bytes that say after which time a browser may connect again."""
    return f"retry: {milliseconds}\n\n".encode()


class Stream:
    """The queue of one page. Only the event loop may call `put` and `end`."""

    def __init__(self, session: Session) -> None:
        self.session_id = session.id
        self.credentials = session.credentials
        self.push_endpoint = session.push_endpoint
        self.is_dropped = False
        self._waiting: deque[bytes] = deque()
        self._ends = False
        self._changed = asyncio.Event()

    def put(self, event: bytes) -> None:
        """Add an event, unless the same event waits already. A page that reads too slowly is dropped."""
        if self._ends or event in self._waiting:
            return
        if len(self._waiting) >= MAX_WAITING:
            self.is_dropped = True
            self._waiting.clear()
            self.end()
            return
        self._waiting.append(event)
        self._changed.set()

    def end(self, last: bytes | None = None) -> None:
        """End the stream after the waiting events and the event `last`."""
        if last is not None:
            self.put(last)
        self._ends = True
        self._changed.set()

    async def next(self) -> bytes | None:
        """Return the next bytes: an event, or a heartbeat if there was none for a time. Return None at the end."""
        while not self._waiting:
            if self._ends:
                return None
            self._changed.clear()
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                return HEARTBEAT
        return self._waiting.popleft()
