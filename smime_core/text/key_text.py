"""Ed25519 public keys as text: `ed25519:` and base64url (RFC 4648 section 5) without `=`."""

from __future__ import annotations

from typing import Final

from smime_core.text.base64url import read_base64url, write_base64url

_BEGINNING: Final = "ed25519:"


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
