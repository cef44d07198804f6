"""Content ciphers of the browser that are fed block by block: CBC and GCM over `webcrypto_blocks`.

WebCrypto processes a message only in one piece. Here CBC continues from the end of the last chunk, and GCM is composed
of counter mode and GHASH (SP 800-38D section 7). Most calls of `update` return the result of the previous call, while
the browser works on the new data. CCM and ChaCha20-Poly1305 process the whole content at once, up to MAX_WHOLE_BYTES.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from smime_core.algorithms import MIN_TAG_LENGTH, TAG_LENGTH
from smime_core.asn1.der import Buffer
from smime_core.errors import DecryptionError
from smime_core.limits import MAX_WHOLE_BYTES, check_limit
from smime_core.providers.running import AlternatingBuffers, HeldPadding
from smime_core.providers.webcrypto_blocks import BlockKey, Chunk

_BLOCK: Final = 16  # An AES block in bytes.
_ZEROS: Final = bytes(_BLOCK)
_COUNTER_BOUND: Final = 2**32  # SP 800-38D section 6.2


class WholeBlocks:
    """Cuts its input into whole blocks and keeps the rest for the next call."""

    def __init__(self, block_length: int = _BLOCK) -> None:
        self._block_length = block_length
        self.rest = b""

    def take(self, data: Buffer) -> bytes | memoryview:
        """The whole blocks of the kept `rest` followed by `data`. `data` is copied only if the rest is not empty."""
        octets = self.rest + bytes(data) if self.rest else data
        whole = len(octets) - len(octets) % self._block_length
        view = memoryview(octets)
        self.rest = bytes(view[whole:])
        return view[:whole]


class CbcEncryption:
    """`smime_core.provider.RunningCipher`. Each chunk is chained to the last block of the previous chunk."""

    def __init__(self, open_key: Callable[[], Awaitable[BlockKey]], iv: bytes) -> None:
        self._open_key = open_key
        self._key: BlockKey | None = None
        self._iv = iv
        self._whole = WholeBlocks()
        self._buffers = AlternatingBuffers()

    async def update(self, data: Buffer) -> Buffer:
        """The ciphertext of all whole blocks."""
        blocks = self._whole.take(data)
        return await self._encrypt(blocks) if len(blocks) else b""

    async def finish(self) -> bytes:
        """The last block, padded (RFC 5652 section 6.3)."""
        count = _BLOCK - len(self._whole.rest)
        return bytes(await self._encrypt(self._whole.rest + bytes([count]) * count))

    async def _encrypt(self, blocks: bytes | memoryview) -> memoryview:
        if self._key is None:
            self._key = await self._open_key()
        buffer = self._buffers.next(len(blocks))[: len(blocks)]
        await self._key.begin_encryption(self._iv, blocks).write_to(buffer)
        self._iv = bytes(buffer[-_BLOCK:])
        return buffer


class CbcDecryption:
    """`smime_core.provider.RunningCipher`. The last block is held back until its padding was checked."""

    def __init__(self, open_key: Callable[[], Awaitable[BlockKey]], iv: bytes) -> None:
        self._open_key = open_key
        self._key: BlockKey | None = None
        self._iv = iv
        self._whole = WholeBlocks(len(iv))
        self._padding = HeldPadding(len(iv))
        self._buffers = AlternatingBuffers()
        self._running: Chunk | None = None

    async def update(self, data: Buffer) -> Buffer:
        """The plaintext of the previous chunk, except its last block."""
        blocks = self._whole.take(data)
        if not len(blocks):
            return b""
        if self._key is None:
            self._key = await self._open_key()
        before, self._running = self._running, self._key.begin_decryption(self._iv, blocks)
        self._iv = bytes(blocks[-len(self._iv) :])
        return await self._take(before) if before is not None else b""

    async def finish(self) -> bytes:
        """The rest without its padding. Raises DecryptionError."""
        if self._whole.rest or self._running is None:
            raise DecryptionError
        return bytes(await self._take(self._running)) + self._padding.without_padding()

    async def _take(self, chunk: Chunk) -> memoryview:
        last_block = self._padding.held
        buffer = self._buffers.next(len(last_block) + chunk.length)[: len(last_block) + chunk.length]
        buffer[: len(last_block)] = last_block
        await chunk.write_to(buffer[len(last_block) :])
        return self._padding.keep_last(buffer)


@dataclass(slots=True)
class _GcmState:
    """The state of one GCM operation. `start`, the first counter block, encrypts to `mask`, which masks the tag.

    `next_number` is the counter of the next block. `ghash` is the hash so far.
    """

    key: BlockKey
    ghash: Any = field(repr=False)
    start: bytes
    next_number: int
    mask: bytes = field(repr=False)


class _Gcm:
    """Counter mode and GHASH, which both directions share."""

    def __init__(self, open_key: Callable[[], Awaitable[BlockKey]], door: Any, iv: bytes, aad: bytes) -> None:
        self._open_key = open_key
        self._door = door
        self._iv = iv
        self._aad = aad
        self._state: _GcmState | None = None
        self._whole = WholeBlocks()
        self._buffers = AlternatingBuffers()
        self._length = 0
        self._running: Chunk | None = None

    async def _begin(self, data: bytes | memoryview) -> Chunk:
        # `data` is whole blocks, except at the end of the content.
        state = await self._started()
        counter = state.start[:12] + state.next_number.to_bytes(4, "big")
        state.next_number = (state.next_number + -(-len(data) // _BLOCK)) % _COUNTER_BOUND
        return state.key.begin_counter(counter, data)

    async def _take(self, chunk: Chunk) -> memoryview:
        buffer = self._buffers.next(chunk.length)[: chunk.length]
        await chunk.write_to(buffer)
        return buffer

    async def _authenticate(self, ciphertext: bytes | memoryview) -> None:
        # `ciphertext` is whole blocks, except at the end of the content.
        self._length += len(ciphertext)
        (await self._started()).ghash.update(ciphertext)

    async def _tag(self) -> bytes:
        state = await self._started()
        return _xor(state.ghash.finish(len(self._aad), self._length).to_bytes(), state.mask)

    async def _started(self) -> _GcmState:
        if self._state is None:
            # SP 800-38D section 7.1, steps 1 and 2: the hash key, and the first counter block.
            key = await self._open_key()
            hash_key = await _read_chunk(key.begin_counter(_ZEROS, _ZEROS))
            start = self._first_counter(hash_key)
            ghash = self._door.startGhash(hash_key)
            ghash.update(self._aad)
            ghash.pad()
            mask = await _read_chunk(key.begin_counter(start, _ZEROS))
            number = (int.from_bytes(start[12:], "big") + 1) % _COUNTER_BOUND
            self._state = _GcmState(key, ghash, start, number, mask)
        return self._state

    def _first_counter(self, hash_key: bytes) -> bytes:
        if len(self._iv) == 12:
            return self._iv + b"\0\0\0\x01"
        ghash = self._door.startGhash(hash_key)
        ghash.update(self._iv)
        start: bytes = ghash.finish(0, len(self._iv)).to_bytes()
        return start


class GcmEncryption(_Gcm):
    """`smime_core.provider.RunningCipher`. The tag is at the end of the result of `finish`."""

    async def update(self, data: Buffer) -> Buffer:
        """The ciphertext of the previous chunk."""
        blocks = self._whole.take(data)
        if not len(blocks):
            return b""
        before, self._running = self._running, await self._begin(blocks)
        return await self._encrypted(before) if before is not None else b""

    async def finish(self) -> bytes:
        """The rest, and the tag."""
        rest = bytes(await self._encrypted(self._running)) if self._running is not None else b""
        if self._whole.rest:
            rest += await self._encrypted(await self._begin(self._whole.rest))
        return rest + await self._tag()

    async def _encrypted(self, chunk: Chunk) -> memoryview:
        ciphertext = await self._take(chunk)
        await self._authenticate(ciphertext)
        return ciphertext


class GcmDecryption(_Gcm):
    """A `smime_core.provider.RunningCipher` that hashes the input while the browser decrypts it."""

    def __init__(
        self, open_key: Callable[[], Awaitable[BlockKey]], door: Any, iv: bytes, aad: bytes, tag: bytes
    ) -> None:
        super().__init__(open_key, door, iv, aad)
        # MUSTS 19: the shortest tag is checked here as well as by the parser.
        if not iv or not MIN_TAG_LENGTH <= len(tag) <= TAG_LENGTH:
            raise DecryptionError
        self._expected = tag

    async def update(self, data: Buffer) -> Buffer:
        """The plaintext of the previous chunk. Do not use it before `finish` has returned."""
        blocks = self._whole.take(data)
        if not len(blocks):
            return b""
        before, self._running = self._running, await self._begin(blocks)
        await self._authenticate(blocks)
        return await self._take(before) if before is not None else b""

    async def finish(self) -> bytes:
        """The rest, after the tag was verified. Raises DecryptionError."""
        rest = bytes(await self._take(self._running)) if self._running is not None else b""
        if self._whole.rest:
            last = await self._begin(self._whole.rest)
            await self._authenticate(self._whole.rest)
            rest += await self._take(last)
        if not hmac.compare_digest((await self._tag())[: len(self._expected)], self._expected):
            raise DecryptionError
        return rest


class WholeCipher:
    """`smime_core.provider.RunningCipher` for ciphers that need the whole content at once."""

    def __init__(self, transform: Callable[[bytes], Awaitable[bytes]]) -> None:
        self._transform = transform
        self._gathered = bytearray()

    async def update(self, data: Buffer) -> Buffer:
        """Returns no bytes yet. Raises LimitExceeded."""
        check_limit("bytes under a cipher that takes all at once", len(self._gathered) + len(data), MAX_WHOLE_BYTES)
        self._gathered += data
        return b""

    async def finish(self) -> bytes:
        """The whole output. Raises the errors of the transformation."""
        return await self._transform(bytes(self._gathered))


async def _read_chunk(chunk: Chunk) -> bytes:
    buffer = bytearray(chunk.length)
    await chunk.write_to(memoryview(buffer))
    return bytes(buffer)


def _xor(octets: bytes, other: bytes) -> bytes:
    return (int.from_bytes(octets, "big") ^ int.from_bytes(other, "big")).to_bytes(len(octets), "big")
