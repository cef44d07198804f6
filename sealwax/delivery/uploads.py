"""Uploads of a parcel's objects with tus 1.0 (core, creation, creation with upload, termination).

After a lost connection, HEAD says how many bytes the service has, and PATCH goes on there.
"""

from __future__ import annotations

import base64
import http.client
from collections.abc import Callable
from typing import Final

from sealwax.delivery.calls import Caller
from sealwax.delivery.failures import DeliveryFailed, lie, unreachable
from sealwax.delivery.patience import PROGRESS_BYTES
from sealwax.http_client import HttpCall, Move, no_move
from smime_core.asn1 import Buffer

TUS_VERSION: Final = "1.0.0"
_OFFSET_TYPE: Final = "application/offset+octet-stream"
_GONE: Final = frozenset({http.client.NOT_FOUND, http.client.GONE})
_BUSY: Final = frozenset({http.client.CONFLICT, http.client.LOCKED})
_MAX_OFFSET_DIGITS: Final = 15


class Uploader:
    """Puts the objects of one parcel on the service."""

    def __init__(self, caller: Caller, parcel_id: str) -> None:
        self._caller = caller
        self._path = f"/api/parcels/{parcel_id}/objects"

    def find_offset(self, name: str) -> tuple[int, int] | None:
        """The number of bytes that the service has, and the object's length; None if it has no such object."""
        return self._caller.patience.run(lambda: self._head(name))

    def replace(self, name: str, data: Buffer, move: Move = no_move) -> None:
        """Upload an object. It replaces the object that the service has under this name. Raises DeliveryFailed."""
        self._caller.patience.run(lambda: self._waiting(lambda: self._delete(name)))
        self.put(name, data, move)

    def put(self, name: str, data: Buffer, move: Move = no_move) -> None:
        """Upload an object, and continue after a lost connection. Raises DeliveryFailed."""
        state = _Progress(move)
        view = memoryview(data)
        self._caller.patience.run(lambda: self._waiting(lambda: self._put_once(name, view, state)))

    def _waiting(self, action: Callable[[], None]) -> None:
        try:
            action()
        except DeliveryFailed as error:
            # The service is still writing the bytes of a lost connection. A later HEAD says how many bytes it has.
            error.is_passing |= error.status in _BUSY
            raise

    def _put_once(self, name: str, data: memoryview, state: _Progress) -> None:
        head = self._head(name) if state.has_begun else None
        state.has_begun = True
        offset = self._create(name, data, state) if head is None else _check_offset(*head, len(data))
        while offset < len(data):
            state.note(offset, self._caller)
            offset = self._patch(name, data, offset, state)

    def _create(self, name: str, data: memoryview, state: _Progress) -> int:
        encoded = base64.b64encode(name.encode("ascii")).decode("ascii")
        headers = {
            **_headers(),
            "Content-Type": _OFFSET_TYPE,
            "Upload-Length": str(len(data)),
            "Upload-Metadata": f"name {encoded}",
        }
        call = HttpCall(method="POST", path=self._path, headers=headers, body=data)
        answer = self._caller.exchange(call, state.begin_at(0))
        # A service without creation-with-upload answers without an offset, and has stored no bytes.
        return _check_offset(_number(answer.header("Upload-Offset") or "0"), len(data), len(data))

    def _patch(self, name: str, data: memoryview, offset: int, state: _Progress) -> int:
        call = HttpCall(
            method="PATCH",
            path=f"{self._path}/{name}",
            headers={**_headers(), "Content-Type": _OFFSET_TYPE, "Upload-Offset": str(offset)},
            body=data[offset:],
        )
        answer = self._caller.exchange(call, state.begin_at(offset))
        after = _check_offset(_number(answer.header("Upload-Offset")), len(data), len(data))
        if after <= offset:
            raise lie("an upload that goes backwards")
        if offset + PROGRESS_BYTES > after < len(data):
            raise unreachable(f"the service takes {after - offset} bytes at a time")
        return after

    def _head(self, name: str) -> tuple[int, int] | None:
        call = HttpCall(method="HEAD", path=f"{self._path}/{name}", headers=_headers())
        answer = self._caller.exchange(call, taken=_GONE)
        if answer.status in _GONE:
            return None
        return _number(answer.header("Upload-Offset")), _number(answer.header("Upload-Length"))

    def _delete(self, name: str) -> None:
        self._caller.exchange(HttpCall(method="DELETE", path=f"{self._path}/{name}", headers=_headers()), taken=_GONE)


class _Progress:
    """The count of bytes that were reported to `move`. Bytes that are sent again are not reported again."""

    def __init__(self, move: Move) -> None:
        self._move = move
        self._reported = 0
        self._sent = 0
        self._durable = 0
        self.has_begun = False

    def begin_at(self, offset: int) -> Move:
        """The function that reports the bytes sent from `offset` on."""
        self._sent = offset
        return self._note_sent

    def note(self, offset: int, caller: Caller) -> None:
        """Renew the tries if the service has PROGRESS_BYTES more than before."""
        if offset >= self._durable + PROGRESS_BYTES:
            self._durable = offset
            caller.patience.note_progress()

    def _note_sent(self, count: int) -> None:
        self._sent += count
        if self._sent > self._reported:
            self._move(self._sent - self._reported)
            self._reported = self._sent


def _headers() -> dict[str, str]:
    return {"Tus-Resumable": TUS_VERSION}


def _check_offset(offset: int, announced: int, length: int) -> int:
    if announced != length or offset > length:
        raise lie(f"an upload of {announced} bytes at {offset}, and it has {length}")
    return offset


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_OFFSET_DIGITS):
        raise lie("an upload without its offset")
    return int(text)
