"""Ed25519 public keys as text: `ed25519:` and base64url (RFC 4648 section 5) without `=`."""

from __future__ import annotations

import base64
import re
from typing import Final

_FORM: Final = re.compile(r"ed25519:([A-Za-z0-9_-]{43})")


def write_ed25519(octets: bytes) -> str:
    """The text of a public key of 32 bytes."""
    return f"ed25519:{base64.urlsafe_b64encode(octets).rstrip(b'=').decode('ascii')}"


def read_ed25519(text: str) -> bytes:
    """The 32 bytes of a public key. Raises ValueError, also for another text of the same bytes."""
    found = _FORM.fullmatch(text)
    octets = base64.urlsafe_b64decode(f"{found[1]}=") if found else b""
    # The last character has two bits that do not count.
    if write_ed25519(octets) != text:
        raise ValueError("a key is expected: ed25519: and 43 characters")
    return octets
