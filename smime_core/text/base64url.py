"""Base64url without padding (RFC 4648 section 5). The same bytes have only one text, and any other text is refused."""

from __future__ import annotations

import base64
import re
from typing import Final

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
