"""Bytes of secrets that must not be found, in all forms in which programs write them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# The length of a needle: long enough that it is not found by chance, and short enough that it is found in a secret that
# was partly overwritten.
MARKER_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """Bytes to search for: `secret` names the secret, `form` the way in which its bytes are written."""

    secret: str
    form: str
    octets: bytes


def needles_for(secret: str, pieces: Iterable[bytes]) -> list[Needle]:
    """The needles for all forms of the pieces of a secret."""
    return [Needle(secret=secret, form=form, octets=octets) for piece in pieces for form, octets in _forms(piece)]


def number_needles(secret: str, numbers: Iterable[int]) -> list[Needle]:
    """The needles for the middle bytes of each secret number, in all forms and also reversed (little-endian)."""
    found = []
    for number in numbers:
        octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
        start = max(0, (len(octets) - MARKER_BYTES) // 2)
        middle = octets[start : start + MARKER_BYTES]
        found += [*needles_for(secret, [middle]), Needle(secret=secret, form="reversed", octets=middle[::-1])]
    return found


def hmac_key_needles(secret: str, key: bytes) -> list[Needle]:
    """The needles for a secret as the two pads of HMAC (RFC 2104), as bytes and in the order of words of 32 bits."""
    found = []
    for pad in (0x36, 0x5C):
        padded = bytes(octet ^ pad for octet in key)
        words = b"".join(padded[at : at + 4][::-1] for at in range(0, len(padded), 4))
        forms = {f"pad {pad:x}": padded, f"pad {pad:x} in words": words}
        found += [Needle(secret=secret, form=form, octets=octets) for form, octets in forms.items()]
    return found


def _forms(piece: bytes) -> list[tuple[str, bytes]]:
    return [
        ("raw", piece),
        ("hex", piece.hex().encode()),
        ("HEX", piece.hex().upper().encode()),
        # UTF-16 text, or a "binary string" of JavaScript: one unit of two bytes for each byte.
        ("utf-16", b"".join(bytes((octet, 0)) for octet in piece)),
        *((f"base64+{phase}", _base64_inside(piece, phase)) for phase in range(3)),
    ]


def _base64_inside(piece: bytes, phase: int) -> bytes:
    # Returns the base64 characters that only the piece determines, if `phase` unknown bytes come before it in a group
    # of three.
    whole = base64.b64encode(bytes(phase) + piece)
    first = -(-phase * 4 // 3)
    return whole[first : (phase + len(piece)) * 4 // 3]
