"""Downloads of a parcel's objects, each into memory. After a lost connection they go on by a range (RFC 9110)."""

from __future__ import annotations

import http.client
from typing import Final

from sealwax.delivery.calls import Caller, check_answer
from sealwax.delivery.connection import Call, Connection, Move, no_move
from sealwax.delivery.failures import lie

_PARTIAL: Final = http.client.PARTIAL_CONTENT


def download(connection: Connection, caller: Caller, path: str, size: int, move: Move = no_move) -> bytearray:
    """The `size` bytes at `path`. Raises DeliveryFailed, also for an answer of another size."""
    data = bytearray(size)
    have = 0

    def go_on() -> None:
        nonlocal have
        while have < size:
            have = _read_from(connection, caller, path, data, have, move)
            caller.patience.note_progress()

    if size:
        caller.patience.run(go_on)
    return data


def _read_from(connection: Connection, caller: Caller, path: str, data: bytearray, have: int, move: Move) -> int:
    headers = {"Accept": "application/octet-stream"} | ({"Range": f"bytes={have}-"} if have else {})
    call = caller.authorized(Call(method="GET", path=path, headers=headers))
    answer, count = connection.download(call, memoryview(data)[have:], move)
    check_answer(answer)
    if answer.status == http.client.OK and have:
        # A body from the beginning, although the rest was asked for: it is in the wrong place.
        raise lie("the whole object where a range was asked for")
    if answer.status == _PARTIAL:
        expected = f"bytes {have}-{len(data) - 1}/{len(data)}"
        if answer.header("Content-Range") != expected:
            raise lie("another range than was asked for")
    return have + count
