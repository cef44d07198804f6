"""What ciphers that are fed block by block have in common, natively and in the browser."""

from __future__ import annotations

import hashlib
import hmac

from smime_core.algorithms import HashName, hash_length
from smime_core.der import Buffer
from smime_core.errors import DecryptionError


class Rooms:
    """Two buffers that grow to the largest block and are used in turn: one may be written while the other is filled."""

    def __init__(self) -> None:
        self._buffer, self._other = bytearray(), bytearray()

    def of(self, length: int) -> memoryview:
        """The other one of the two, with at least `length` bytes."""
        self._buffer, self._other = self._other, self._buffer
        if len(self._buffer) < length:
            self._buffer = bytearray(length)
        return memoryview(self._buffer)


class HeldPadding:
    """Holds back the last block of plaintext and takes the padding off its end, every byte checked (MUSTS 22)."""

    def __init__(self, block_length: int) -> None:
        self._block_length = block_length
        self._held = b""

    def keep_last(self, plaintext: memoryview) -> memoryview:
        """All but the last block of `plaintext`, which begins with what was held."""
        count = max(len(plaintext) - self._block_length, 0)
        self._held = bytes(plaintext[count:])
        return plaintext[:count]

    @property
    def held(self) -> bytes:
        """The last block so far."""
        return self._held

    def without_padding(self) -> bytes:
        """What the last block holds beside the padding. Raises DecryptionError."""
        block = self._held
        count = block[-1] if len(block) == self._block_length else 0
        if not 1 <= count <= self._block_length or not hmac.compare_digest(block[-count:], bytes([count]) * count):
            raise DecryptionError
        return block[:-count]


class RunningShake:
    """`smime_core.provider.RunningDigest` by SHAKE, of the length that RFC 8702 section 3.1 gives it."""

    def __init__(self, hash_name: HashName) -> None:
        self._shake = hashlib.shake_128() if hash_name is HashName.SHAKE128 else hashlib.shake_256()
        self._length = hash_length(hash_name)

    def update(self, data: Buffer, /) -> None:
        """Take more octets."""
        self._shake.update(data)

    def digest(self) -> bytes:
        """The digest of all of them."""
        return self._shake.digest(self._length)
