"""A file that is read more than once and must keep the bytes of its first reading.

The bytes that are written must be those that were judged, even if somebody changes the file between two readings. The
first reading of a block makes its tag. Each later reading must give the same tag before a byte of the block is used. A
file that only grows stays readable up to its first end.
"""

from __future__ import annotations

import hmac
from typing import Final

from smime_core.algorithms import AES_128_GCM
from smime_core.asn1.der import Buffer
from smime_core.errors import SourceChanged
from smime_core.provider import CryptoProvider

_KEY_BYTES: Final = 16


class BlockTags:
    """The tags of the blocks of one file: GMAC (NIST SP 800-38D) under a random key that nobody else has.

    GMAC needs a new IV for each message, because two tags with the same IV reveal the key. No tag leaves this object,
    so the number of the block is its IV.
    """

    def __init__(self, provider: CryptoProvider) -> None:
        self._provider = provider
        self._key = provider.random_bytes(_KEY_BYTES)
        self._tags: dict[int, bytes] = {}

    async def check(self, index: int, block: Buffer) -> None:
        """Tag the block of this number at its first reading. Raises SourceChanged if its bytes differ later."""
        iv = index.to_bytes(AES_128_GCM.iv_length)
        tag = await self._provider.encrypt_content(AES_128_GCM, self._key, iv, b"", bytes(block))
        if not hmac.compare_digest(self._tags.setdefault(index, tag), tag):
            raise SourceChanged
