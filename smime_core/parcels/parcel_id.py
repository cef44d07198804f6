"""The id of a parcel: 16 random bytes, which the sender chooses, in base64url without padding (RFC 4648 section 5)."""

from __future__ import annotations

import re
from typing import Final

from smime_core.provider import CryptoProvider
from smime_core.text.base64url import write_base64url

ID_BYTES: Final = 16

# The last of 22 characters has two bits of the id. Its other bits are zero, so that one id has one text.
_ID: Final = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]")


def make_parcel_id(provider: CryptoProvider) -> str:
    """The id of a new parcel."""
    return write_base64url(provider.random_bytes(ID_BYTES))


def is_parcel_id(text: str) -> bool:
    """Whether the text is the id of a parcel."""
    return _ID.fullmatch(text) is not None
