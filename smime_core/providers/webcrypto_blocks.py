"""The block ciphers below the browser's streams: one key, imported once, for any number of chunks.

The door takes WebCrypto, or its own code for old ciphers and for AES-192 in Chromium (`runtime/stream_door.js`). Every
operation is begun at once and its result taken later, so that the browser works while Python goes on.
"""

from __future__ import annotations

from typing import Any, Final

from smime_core.errors import ProviderError
from smime_core.providers.webcrypto_ciphers import settle

_COUNTER_BITS: Final = 32  # SP 800-38D section 6.2


class Chunk:
    """A result of known length that may not have come yet."""

    def __init__(self, door: Any, pending: Any, length: int) -> None:
        self._door = door
        self._pending = pending
        self.length = length

    async def write_to(self, room: memoryview) -> None:
        """Put it into `room`, which has its length; the browser's own is overwritten. Raises ProviderError."""
        outcome = await settle(self._pending)
        if isinstance(outcome, str):
            raise ProviderError("stream")
        outcome.assign_to(room)
        self._door.forgetChunk(outcome)


class BlockKey:
    """A block cipher under one key."""

    def __init__(self, door: Any, key: Any) -> None:
        self._door = door
        self._key = key

    @classmethod
    async def open(cls, door: Any, name: str, secret: bytes, effective_bits: int) -> BlockKey:
        """Import a key for AES-CBC, AES-CTR, DES-CBC or RC2-CBC."""
        return cls(door, await settle(door.openBlockKey(name, secret, effective_bits)))

    def begin_encryption(self, iv: bytes, blocks: bytes | memoryview) -> Chunk:
        """CBC over whole blocks, without padding."""
        return Chunk(self._door, self._key.encrypt(iv, blocks), len(blocks))

    def begin_decryption(self, iv: bytes, blocks: bytes | memoryview) -> Chunk:
        """CBC over whole blocks, without a look at padding."""
        return Chunk(self._door, self._key.decrypt(iv, blocks), len(blocks))

    def begin_counter(self, counter: bytes, data: bytes | memoryview) -> Chunk:
        """Counter mode, both ways; the last 32 bits of the block count and wrap around."""
        return Chunk(self._door, self._key.count(counter, data, _COUNTER_BITS), len(data))
