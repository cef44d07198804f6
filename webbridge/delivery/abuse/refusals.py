"""Refusals: the token in each notice with which its recipient refuses all further notices, without a login.

The token is the address, encrypted with a key of the bridge (AES-GCM, deterministic: one address has one token). So
nobody can make a token for another person's address, and no log of a proxy contains an address.
"""

from __future__ import annotations

import datetime
import hmac
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from smime_core.text import parse_address, read_base64url, write_base64url
from webbridge.delivery.abuse.blocks import BlockKind, Blocks, block_name

_NONCE_BYTES: Final = 12
_MAX_TOKEN_CHARACTERS: Final = 600
_LABEL: Final = b"sealwax parcel refusal 1"


class RefusalTokens:
    """Makes and reads the tokens. `secret` is shared by all processes of the bridge, and never changes."""

    def __init__(self, secret: bytes) -> None:
        derived = HKDF(algorithm=SHA256(), length=64, salt=None, info=_LABEL).derive(secret)
        self._nonce_key = derived[:32]
        self._cipher = AESGCM(derived[32:])

    def seal(self, address: str) -> str:
        """Return the token of an address."""
        text = block_name(BlockKind.RECIPIENT, address).encode()
        # The nonce depends on the address, so no two addresses share a nonce.
        nonce = hmac.digest(self._nonce_key, text, sha256)[:_NONCE_BYTES]
        return write_base64url(nonce + self._cipher.encrypt(nonce, text, _LABEL))

    def open(self, token: str) -> str | None:
        """Return the address of a token, or None if this bridge has not made it."""
        if len(token) > _MAX_TOKEN_CHARACTERS:
            return None
        try:
            octets = read_base64url(token)
            text = self._cipher.decrypt(octets[:_NONCE_BYTES], octets[_NONCE_BYTES:], _LABEL).decode()
        except (ValueError, InvalidTag):
            return None
        return text if parse_address(text) is not None else None


def refuse(blocks: Blocks, address: str, at: datetime.datetime) -> None:
    """Send no more notices to an address. Raises DatabaseUnavailable."""
    blocks.refuse(block_name(BlockKind.RECIPIENT, address), at)


def allow_again(blocks: Blocks, address: str) -> None:
    """Take the recipient's own refusal back. A block of the operator stays. Raises DatabaseUnavailable."""
    blocks.take_back(block_name(BlockKind.RECIPIENT, address))
