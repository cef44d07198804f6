"""Octets that must not be found, in the forms that programs give to secrets."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# Long enough that chance finds none, short enough that a secret torn apart by an allocator still shows.
MARKER_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """One form of one secret: `secret` names it, `form` says how its octets are written."""

    secret: str
    form: str
    octets: bytes


def needles_for(secret: str, pieces: Iterable[bytes]) -> list[Needle]:
    """Every form of every piece of a secret."""
    return [Needle(secret=secret, form=form, octets=octets) for piece in pieces for form, octets in _forms(piece)]


def number_needles(secret: str, numbers: Iterable[int]) -> list[Needle]:
    """Every form of a part from the middle of each secret number, and how little-endian words hold it."""
    found = []
    for number in numbers:
        octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
        start = max(0, (len(octets) - MARKER_BYTES) // 2)
        middle = octets[start : start + MARKER_BYTES]
        found += [*needles_for(secret, [middle]), Needle(secret=secret, form="reversed", octets=middle[::-1])]
    return found


def _forms(piece: bytes) -> list[tuple[str, bytes]]:
    return [
        ("raw", piece),
        ("hex", piece.hex().encode()),
        ("HEX", piece.hex().upper().encode()),
        # Text in two-octet units, or a "binary string" of JavaScript.
        ("utf-16", b"".join(bytes((octet, 0)) for octet in piece)),
        *((f"base64+{phase}", _base64_inside(piece, phase)) for phase in range(3)),
    ]


def _base64_inside(piece: bytes, phase: int) -> bytes:
    # The characters that depend on the piece alone, when `phase` octets stand before it in its group of three.
    whole = base64.b64encode(bytes(phase) + piece)
    first = -(-phase * 4 // 3)
    return whole[first : (phase + len(piece)) * 4 // 3]
