"""Bodies of requests with one line of JSON, and then the bytes of objects one after the other."""

from __future__ import annotations

from typing import IO

from webbridge.delivery.limits import MAX_LINE_BYTES
from webbridge.delivery.members import bad_request


def read_line(stream: IO[bytes]) -> bytes:
    """Return the line of JSON. Raises ServiceError."""
    line = stream.readline(MAX_LINE_BYTES)
    if not line.endswith(b"\n") and len(line) == MAX_LINE_BYTES:
        raise bad_request(f"The request begins with one line of JSON of at most {MAX_LINE_BYTES} bytes.")
    return line


def read_objects(stream: IO[bytes], wanted: int) -> bytes:
    """Return the rest of the body, which must have exactly `wanted` bytes. Raises ServiceError."""
    body = bytearray()
    while len(body) <= wanted and (piece := stream.read(wanted + 1 - len(body))):
        body += piece
    if len(body) != wanted:
        raise bad_request(f"{wanted} bytes are expected after the first line.")
    return bytes(body)
