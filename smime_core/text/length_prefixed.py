"""Values as one byte string, to be signed or to derive a key from. Different values never give the same bytes."""

from __future__ import annotations

_LENGTH_BYTES = 4


def length_prefixed(*values: str | int | bytes) -> bytes:
    """Each value after its length in four bytes, big-endian. Texts are UTF-8, numbers their decimal digits."""
    parts = [value if isinstance(value, bytes) else str(value).encode() for value in values]
    return b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in parts)
