"""The browser's provider for content that does not fit into Python's memory, fed block by block."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final

from smime_core.algorithms import CipherMode, ContentCipher, HashName, SignatureAlgorithm
from smime_core.asn1.der import Buffer
from smime_core.errors import DecryptionError, ProviderError, UnsupportedByProvider
from smime_core.provider import BlockWorker, PublicKey, RunningCipher, RunningDigest
from smime_core.providers.python_hashes import HASHLIB_HAS, TruncatedSha512
from smime_core.providers.python_keys import verify_digest_in_python
from smime_core.providers.running import RunningShake
from smime_core.providers.signature_keys import check_key
from smime_core.providers.webcrypto import WebCryptoProvider
from smime_core.providers.webcrypto_blocks import BlockKey
from smime_core.providers.webcrypto_ciphers import COUNTER_MODE, effective_bits, web_name
from smime_core.providers.webcrypto_running import (
    CbcDecryption,
    CbcEncryption,
    GcmDecryption,
    GcmEncryption,
    WholeCipher,
)

_STORE_BLOCK_BYTES: Final = 1_048_576  # The size of a block from a store, the same as from a file.


class WebCryptoStreamingProvider(WebCryptoProvider):
    """`smime_core.provider.StreamingProvider` for the vault."""

    def make_block_worker(self, work: Callable[[Buffer], Coroutine[Any, Any, None]]) -> BlockWorker:
        """A `BlockWorker` that runs `work` at once, because a Worker has no threads."""
        return _ImmediateBlockWorker(work)

    def make_store(self) -> Store:
        """A store outside Python's memory, so that nothing is decrypted twice."""
        return Store(self._door.openStore())

    def begin_digest(self, hash_name: HashName) -> RunningDigest:
        """A running digest."""
        if hash_name in (HashName.SHAKE128, HashName.SHAKE256):
            return RunningShake(hash_name)
        if hash_name in HASHLIB_HAS:
            return hashlib.new(hash_name)
        return TruncatedSha512(hash_name)

    async def verify_digest(
        self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, digest: bytes
    ) -> None:
        """Return if the signature fits data with this digest. Raises SignatureMismatch, UnsupportedByProvider.

        Python verifies, because WebCrypto verifies only data that it hashes itself.
        """
        check_key(key, algorithm)
        verify_digest_in_python(key, algorithm, signature, digest)

    def begin_encryption(self, cipher: ContentCipher, cek: bytes, iv: bytes, *, aad: bytes = b"") -> RunningCipher:
        """A running encryption, with its tag at the end. Raises ProviderError or UnsupportedByProvider."""
        if cipher.is_weak or cipher.mode is CipherMode.CCM:
            raise UnsupportedByProvider("begin_encryption", f"{cipher.name} is not made")
        if len(cek) != cipher.key_length:
            raise ProviderError("begin_encryption", f"{cipher.name} takes {cipher.key_length} bytes")
        if cipher.mode is CipherMode.CBC:
            return CbcEncryption(lambda: self._open_key(web_name(cipher), cipher, cek), iv)
        if cipher.mode is CipherMode.GCM:
            return GcmEncryption(lambda: self._open_key(COUNTER_MODE, cipher, cek), self._door, iv, aad)
        return WholeCipher(lambda plaintext: self.encrypt_content(cipher, cek, iv, plaintext, aad))

    def begin_decryption(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, *, aad: bytes = b"", tag: bytes = b""
    ) -> RunningCipher:
        """A running decryption. Raises DecryptionError."""
        if len(cek) != cipher.key_length:
            raise DecryptionError
        if cipher.mode is CipherMode.GCM:
            return GcmDecryption(lambda: self._open_key(COUNTER_MODE, cipher, cek), self._door, iv, aad, tag)
        if cipher.mode is not CipherMode.CBC:
            return WholeCipher(
                lambda ciphertext: self.decrypt_content(cipher, cek, iv, ciphertext + tag, aad, tag_length=len(tag))
            )
        return CbcDecryption(lambda: self._open_key(web_name(cipher), cipher, cek), iv)

    async def _open_key(self, name: str, cipher: ContentCipher, cek: bytes) -> BlockKey:
        return await BlockKey.open(self._door, name, cek, effective_bits(cipher))


class Store:
    """`smime_core.provider.Store` in ArrayBuffers, which the vault overwrites when it ends."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._length = 0

    def append(self, block: Buffer) -> None:
        """Append a copy of a block."""
        if len(block):
            self._store.append(block)
            self._length += len(block)

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The bytes from `start` on, in blocks."""
        buffer = memoryview(bytearray(min(_STORE_BLOCK_BYTES, max(self._length - start, 0))))
        while count := self._store.read(start, buffer):
            start += count
            yield buffer[:count]

    async def length(self) -> int:
        """The number of bytes."""
        return self._length

    def discard(self) -> None:
        """Overwrite the bytes."""
        self._store.discard()
        self._length = 0


class _ImmediateBlockWorker:
    def __init__(self, work: Callable[[Buffer], Coroutine[Any, Any, None]]) -> None:
        self._work = work

    def __enter__(self) -> _ImmediateBlockWorker:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    async def begin(self, block: Buffer) -> None:
        await self._work(block)

    def finish(self) -> None:
        pass
