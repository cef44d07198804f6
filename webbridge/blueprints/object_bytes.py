"""The answer with an object of a parcel or a kept file, or with the requested range of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from flask import Response, request

from webbridge.blueprints.download import DownloadBroken
from webbridge.blueprints.parcel_calls import delivery
from webbridge.delivery.ids import MANIFEST
from webbridge.delivery.objects import StoredObject
from webbridge.delivery.store import StoreFailed
from webbridge.delivery.store.protocol import Elsewhere

_RANGE: Final = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


def answer_object(found: StoredObject, elsewhere: Elsewhere | None) -> Response:
    """Return the bytes of an object, or let the proxy send them (RFC 9110 section 14)."""
    response = Response(
        mimetype="application/octet-stream", headers={"Content-Disposition": "attachment", "Accept-Ranges": "bytes"}
    )
    if elsewhere is not None and elsewhere.accel_path:
        # nginx sends the bytes, and the range that the request names.
        response.headers["X-Accel-Redirect"] = elsewhere.accel_path
        return response
    # The manifest of a file that is not kept yet may be replaced, so its ranges would be of two versions.
    if found.name != MANIFEST:
        response.set_etag(sha256(f"{found.folder}/{found.name}/{found.start}".encode()).hexdigest()[:32])
    _add_bytes(response, found)
    return response


def _add_bytes(response: Response, stored_object: StoredObject) -> None:
    """Add the whole object or one range of it. Several ranges in one request get the whole object."""
    start, size = 0, stored_object.size
    byte_range = _wanted_range(response)
    if byte_range is not None:
        first, last = (
            byte_range if byte_range[0] is not None else (max(0, stored_object.size - (byte_range[1] or 0)), None)
        )
        start, end = first or 0, stored_object.size if last is None else min(last + 1, stored_object.size)
        if start >= end:
            response.status_code = 416
            response.headers["Content-Range"] = f"bytes */{stored_object.size}"
            return
        size = end - start
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{stored_object.size}"
    if request.method != "HEAD":
        pieces = delivery().store.read(stored_object.folder, stored_object.name, stored_object.start + start, size)
        response.response = unbroken(pieces)
    response.content_length = size


def _wanted_range(response: Response) -> tuple[int | None, int | None] | None:
    """Return the only range as its first and last byte, or as (None, count) for the last `count` bytes.

    Returns None for no range, and for a malformed range or a range of another version (RFC 9110 sections 13.1.5 and
    14.2).
    """
    text = request.headers.get("Range", "")
    match = _RANGE.fullmatch(text)
    if match is None or text == "bytes=-":
        return None
    condition = request.headers.get("If-Range")
    if condition is not None and condition != response.headers.get("ETag"):
        return None
    first, last = (int(digits) if digits else None for digits in match.groups())
    return None if first is not None and last is not None and last < first else (first, last)


def unbroken(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces of a body whose status is already sent. If the store fails, the connection breaks."""
    try:
        yield from pieces
    except StoreFailed:
        raise DownloadBroken from None
