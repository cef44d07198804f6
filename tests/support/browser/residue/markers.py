"""Bytes of secrets that must not be found, in all forms in which programs write them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

# The length of a needle: long enough that it is not found by chance, and short enough that it is found in a secret that
# was partly overwritten.
MARKER_BYTES: Final = 32
_IN_URLS: Final = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """Bytes to search for: `secret` names the secret, `form` the way in which its bytes are written.

    `part` names the part of the secret and the position in it.
    """

    secret: str
    form: str
    octets: bytes
    part: str = ""


def needles_for(secret: str, pieces: Iterable[bytes], *, part: str = "") -> list[Needle]:
    """The needles for all forms of the pieces of a secret."""
    return [
        Needle(secret=secret, form=form, octets=octets, part=part) for piece in pieces for form, octets in _forms(piece)
    ]


def text_needles(secret: str, text: str) -> list[Needle]:
    """The needles for a text of Latin letters: as UTF-8 and as browsers hold strings, also inside a string of JSON."""
    in_json, in_ascii = (json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True))
    written = {
        "utf-8": text.encode(),
        "latin-1": text.encode("latin-1"),
        "json": in_json.encode(),
        "json in latin-1": in_json.encode("latin-1"),
        "json in ascii": in_ascii.encode(),
    }
    names = {octets: name for name, octets in reversed(written.items())}
    return [
        replace(needle, form=f"{name}, {needle.form}")
        for octets, name in names.items()
        for needle in needles_for(secret, [octets])
    ]


def hmac_key_needles(secret: str, key: bytes) -> list[Needle]:
    """The needles for a secret as the two pads of HMAC (RFC 2104), as bytes and in the order of words of 32 bits."""
    needles = []
    for pad in (0x36, 0x5C):
        padded = bytes(octet ^ pad for octet in key)
        words = b"".join(padded[at : at + 4][::-1] for at in range(0, len(padded), 4))
        forms = {f"pad {pad:x}": padded, f"pad {pad:x} in words": words}
        needles += [Needle(secret=secret, form=form, octets=octets) for form, octets in forms.items()]
    return needles


def _forms(piece: bytes) -> list[tuple[str, bytes]]:
    return [
        ("raw", piece),
        ("hex", piece.hex().encode()),
        ("HEX", piece.hex().upper().encode()),
        # UTF-16 text, or a "binary string" of JavaScript: one unit of two bytes for each byte.
        ("utf-16", b"".join(bytes((octet, 0)) for octet in piece)),
        *_base64_forms(piece),
    ]


def _base64_forms(piece: bytes) -> Iterator[tuple[str, bytes]]:
    # Most pieces are the same in the alphabet of JWK.
    for phase in range(3):
        inside = _base64_inside(piece, phase)
        yield f"base64+{phase}", inside
        if (in_urls := inside.translate(_IN_URLS)) != inside:
            yield f"base64url+{phase}", in_urls


def _base64_inside(piece: bytes, phase: int) -> bytes:
    # Returns the base64 characters that only the piece determines, if `phase` unknown bytes come before it in a group
    # of three.
    whole = base64.b64encode(bytes(phase) + piece)
    first = -(-phase * 4 // 3)
    return whole[first : (phase + len(piece)) * 4 // 3]
