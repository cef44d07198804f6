"""The block ciphers that the browser's streams use. Each key is imported once, for any number of chunks.

`sealwax_js` uses WebCrypto, or its own code for old ciphers and for AES-192 in Chromium
(`vault/worker/stream_door.js`). Every operation starts at once and its result is fetched later, so that the browser
works while Python continues.
"""

from __future__ import annotations

from typing import Any, Final

from smime_core.errors import ProviderError
from smime_core.providers.webcrypto_ciphers import settle

_COUNTER_BITS: Final = 32  # SP 800-38D section 6.2


class Chunk:
    """A result of known length that may still be pending."""

    def __init__(self, door: Any, pending: Any, length: int) -> None:
        self._door = door
        self._pending = pending
        self.length = length

    async def write_to(self, buffer: memoryview) -> None:
        """Copy the result into `buffer`, of the same length, and overwrite the browser's copy. Raises ProviderError."""
        outcome = await settle(self._pending)
        if isinstance(outcome, str):
            raise ProviderError("stream")
        outcome.assign_to(buffer)
        self._door.forgetChunk(outcome)


class BlockKey:
    """A block cipher with one key."""

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
        """CBC over whole blocks, without checking padding."""
        return Chunk(self._door, self._key.decrypt(iv, blocks), len(blocks))

    def begin_counter(self, counter: bytes, data: bytes | memoryview) -> Chunk:
        """Counter mode, which encrypts and decrypts alike. The last 32 bits of `counter` count up and wrap around."""
        return Chunk(self._door, self._key.count(counter, data, _COUNTER_BITS), len(data))
