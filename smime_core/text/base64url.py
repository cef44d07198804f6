"""Base64url without padding (RFC 4648 section 5), and Ed25519 public keys as text: `ed25519:` and base64url.

The same bytes have only one text, and any other text is refused.
"""

from __future__ import annotations

import base64
import re
from typing import Final

_BEGINNING: Final = "ed25519:"
_FORM: Final = re.compile(r"[A-Za-z0-9_-]*")


def write_base64url(octets: bytes) -> str:
    """The text of these bytes."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def read_base64url(text: str, size: int | None = None) -> bytes:
    """The bytes of a text. There must be `size` bytes if `size` is given. Raises ValueError."""
    # Beyond whole groups of four, a text has two or three characters, never one.
    is_form = _FORM.fullmatch(text) is not None and len(text) % 4 != 1
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if is_form else b""
    # The last character may have unused bits. Only the text in which they are zero is accepted.
    if write_base64url(octets) != text or len(octets) != (len(octets) if size is None else size):
        raise ValueError("base64url without padding is expected")
    return octets


def write_ed25519(octets: bytes) -> str:
    """The text of a public key of 32 bytes."""
    return f"{_BEGINNING}{write_base64url(octets)}"


def read_ed25519(text: str) -> bytes:
    """The 32 bytes of a public key. Raises ValueError, also for another text of the same bytes."""
    try:
        if text.startswith(_BEGINNING):
            return read_base64url(text.removeprefix(_BEGINNING), 32)
    except ValueError:
        pass
    raise ValueError("a key is expected: ed25519: and 43 characters")
