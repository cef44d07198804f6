"""Parts that the native provider and the browser's provider share for ciphers that work block by block."""

from __future__ import annotations

import hashlib
import hmac

from smime_core.algorithms import HashName, hash_length
from smime_core.asn1.der import Buffer
from smime_core.errors import DecryptionError


class AlternatingBuffers:
    """Two buffers that are used in turn, so that one may be written out while the other is filled.

    Each buffer grows to the largest block.
    """

    def __init__(self) -> None:
        self._buffer, self._other = bytearray(), bytearray()

    def next(self, length: int) -> memoryview:
        """The buffer that was not returned last time, with at least `length` bytes."""
        self._buffer, self._other = self._other, self._buffer
        if len(self._buffer) < length:
            self._buffer = bytearray(length)
        return memoryview(self._buffer)


class HeldPadding:
    """Holds back the last block of plaintext, and removes its padding after checking every byte (MUSTS 22)."""

    def __init__(self, block_length: int) -> None:
        self._block_length = block_length
        self._held = b""

    def keep_last(self, plaintext: memoryview) -> memoryview:
        """All of `plaintext` except its last block, which is held back.

        `plaintext` must begin with the block that was held back before.
        """
        count = max(len(plaintext) - self._block_length, 0)
        self._held = bytes(plaintext[count:])
        return plaintext[:count]

    @property
    def held(self) -> bytes:
        """The last block so far."""
        return self._held

    def without_padding(self) -> bytes:
        """The last block without its padding. Raises DecryptionError."""
        block = self._held
        count = block[-1] if len(block) == self._block_length else 0
        if not 1 <= count <= self._block_length or not hmac.compare_digest(block[-count:], bytes([count]) * count):
            raise DecryptionError
        return block[:-count]


class RunningShake:
    """A `smime_core.provider.RunningDigest` by SHAKE. RFC 8702 section 3.1 fixes the length of the digest."""

    def __init__(self, hash_name: HashName) -> None:
        self._shake = hashlib.shake_128() if hash_name is HashName.SHAKE128 else hashlib.shake_256()
        self._length = hash_length(hash_name)

    def update(self, data: Buffer, /) -> None:
        """Add bytes to the digest."""
        self._shake.update(data)

    def digest(self) -> bytes:
        """The digest of all bytes."""
        return self._shake.digest(self._length)
