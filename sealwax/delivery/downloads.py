"""Downloads of a parcel's objects, each into memory. After a lost connection they go on with a Range (RFC 9110).

A service may keep objects in a store on another server. It then answers with status 307 and an address in the store
that is valid for a short time. Only this redirect is followed, and the store does not get the ticket. The store has
only ciphertext, whose hash is in the manifest.
"""

from __future__ import annotations

import http.client
from typing import Final

from sealwax.delivery.address import parse_store_url
from sealwax.delivery.calls import Caller, check_answer
from sealwax.delivery.connection import Connection
from sealwax.delivery.failures import DeliveryFailed, lie, unreachable
from sealwax.delivery.patience import PROGRESS_BYTES
from sealwax.http_client import HttpAnswer, HttpCall, Move, no_move
from smime_core.errors import MalformedMessage

_PARTIAL: Final = http.client.PARTIAL_CONTENT
_ELSEWHERE: Final = http.client.TEMPORARY_REDIRECT


class Downloader:
    """Reads objects from one service, and from the store to which the service redirects."""

    def __init__(self, connection: Connection, caller: Caller) -> None:
        self._connection = connection
        self._caller = caller
        self._store: Connection | None = None

    def close(self) -> None:
        """Close the connection to the store. The caller closes the connection to the service."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def read(self, path: str, size: int, move: Move = no_move) -> bytearray:
        """The `size` bytes at `path`. Raises DeliveryFailed, also for an answer of another size."""
        data = bytearray(size)
        have = noted = 0

        def go_on() -> None:
            nonlocal have, noted
            while have < size:
                have += self._read_from(path, memoryview(data), have, move)
                if noted + PROGRESS_BYTES > have < size:
                    raise unreachable(f"{self._connection.address.host} breaks off after {have} bytes")
                noted = have
                self._caller.patience.note_progress()

        self._caller.patience.run(go_on)
        return data

    def _read_from(self, path: str, data: memoryview, have: int, move: Move) -> int:
        headers = {"Accept": "application/octet-stream"} | ({"Range": f"bytes={have}-"} if have else {})
        call = HttpCall(method="GET", path=path, headers=headers)
        answer, count = self._connection.download(self._caller.authorized(call), data[have:], move)
        if answer.status == _ELSEWHERE:
            answer, count = self._read_from_store(answer.header("Location"), headers, data[have:], move)
        check_answer(answer, call)
        if answer.status == http.client.OK and have:
            # The body begins at the start of the object, although the request was for the bytes from `have` on.
            raise lie("the whole object where a range was asked for")
        if answer.status == _PARTIAL:
            expected = f"bytes {have}-{len(data) - 1}/{len(data)}"
            if answer.header("Content-Range") != expected:
                raise lie("another range than was asked for")
        elif answer.status != http.client.OK:
            raise lie(f"HTTP status {answer.status} for an object")
        return count

    def _read_from_store(
        self, url: str, headers: dict[str, str], room: memoryview, move: Move
    ) -> tuple[HttpAnswer, int]:
        try:
            address, path = parse_store_url(url, self._connection.address)
        except MalformedMessage as error:
            raise lie(f"it sends elsewhere: {error}") from None
        if self._store is None or self._store.address != address:
            self.close()
            self._store = self._connection.to(address)
        answer, count = self._store.download(HttpCall(method="GET", path=path, headers=headers), room, move)
        if answer.status == http.client.FORBIDDEN:
            # The address in the store is no longer valid. At the next try, the service names a new address.
            raise DeliveryFailed("delivery-error", f"{address.host} refuses an object", is_passing=True)
        if answer.status == _ELSEWHERE:
            raise lie("its store sends elsewhere too")
        return answer, count
