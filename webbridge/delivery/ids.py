"""The ids of parcels, their reference numbers, and the names of their objects and folders."""

from __future__ import annotations

import re
import secrets
from hashlib import sha256
from typing import Final

from smime_core.text import read_base64url, write_base64url
from webbridge.delivery.limits import ID_BYTES

MANIFEST: Final = "manifest"
ID_PATTERN: Final = "[A-Za-z0-9_-]{21}[AQgw]"  # The last character carries 2 bits of the id.
_ID: Final = re.compile(ID_PATTERN)
_NAME: Final = re.compile(r"0|[1-9][0-9]{0,5}")
_FOLDER_BYTES: Final = 16
_LABEL: Final = b"sealwax parcel reference 1\0"
# Crockford's base 32, without I, L, O and U, which people misread.
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS: Final = 3
_GROUP_LETTERS: Final = 4


def is_parcel_id(text: object) -> bool:
    """Return whether a value is an id: base64url of 16 bytes without padding, and with no unused bits set."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def id_bytes(parcel: str) -> bytes:
    """Return the bytes of an id."""
    return read_base64url(parcel, ID_BYTES)


def id_text(octets: bytes) -> str:
    """Return the id that has these bytes."""
    if len(octets) != ID_BYTES:
        raise ValueError(f"{len(octets)} bytes are no id of a parcel")
    return write_base64url(octets)


def reference_of(parcel: str) -> str:
    """Return the reference number of a parcel, for people. It gives no access and does not lead back to the id."""
    number = int.from_bytes(sha256(_LABEL + parcel.encode()).digest()[:8])
    letters = [_LETTERS[number >> 5 * place & 31] for place in range(_GROUPS * _GROUP_LETTERS)]
    groups = ("".join(letters[start : start + _GROUP_LETTERS]) for start in range(0, len(letters), _GROUP_LETTERS))
    return "-".join(groups)


def new_folder() -> str:
    """Return a random name for the folder of a parcel in the store."""
    return secrets.token_hex(_FOLDER_BYTES)


def number_of(name: str) -> int | None:
    """Return the number of the chunk with this name, or None for any other name."""
    return int(name) if _NAME.fullmatch(name) else None
