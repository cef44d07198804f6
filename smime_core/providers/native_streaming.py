"""The native provider for content that does not fit into memory: digests and ciphers are fed block by block."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Coroutine
from typing import Any, Final

from cryptography import exceptions
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import poly1305
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from smime_core.algorithms import (
    TAG_LENGTH,
    VERIFIED_CURVES,
    CipherFamily,
    CipherMode,
    ContentCipher,
    HashName,
    SignatureAlgorithm,
)
from smime_core.asn1.der import Buffer
from smime_core.errors import DecryptionError, ProviderError, SignatureMismatch, UnsupportedByProvider
from smime_core.provider import BlockWorker, PublicKey, RunningCipher, RunningDigest
from smime_core.providers import native_ciphers, native_signatures
from smime_core.providers.native import NativeProvider
from smime_core.providers.native_doors import REFUSALS
from smime_core.providers.native_threads import BlockThread
from smime_core.providers.running import AlternatingBuffers, HeldPadding, RunningShake
from smime_core.providers.signature_keys import check_key

_POLY1305_BLOCK: Final = 16  # bytes


class NativeStreamingProvider(NativeProvider):
    """`smime_core.provider.StreamingProvider` over pyca/cryptography and hashlib."""

    def make_block_worker(self, work: Callable[[Buffer], Coroutine[Any, Any, None]]) -> BlockWorker:
        """A thread that runs `work` on each block."""
        return BlockThread(work)

    def make_store(self) -> None:
        """Return None, because decrypting a second time costs less than keeping the plaintext in memory."""

    def begin_digest(self, hash_name: HashName) -> RunningDigest:
        """A running digest. Raises UnsupportedByProvider."""
        if hash_name in (HashName.SHAKE128, HashName.SHAKE256):
            return RunningShake(hash_name)
        try:
            return hashlib.new(hash_name)
        except ValueError as error:
            raise UnsupportedByProvider("digest", f"the library lacks {hash_name}") from error

    async def verify_digest(
        self, key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, digest: bytes
    ) -> None:
        """Return if the signature fits data with this digest. Raises SignatureMismatch, UnsupportedByProvider."""
        check_key(key, algorithm)
        if key.curve in VERIFIED_CURVES:
            from smime_core.providers.python_ec import verify_ecdsa_digest

            verify_ecdsa_digest(key, signature, digest)
            return
        try:
            native_signatures.verify_digest(self._import_public(key), algorithm, signature, digest)
        except exceptions.UnsupportedAlgorithm as error:
            raise UnsupportedByProvider("verify", algorithm.label) from error
        except (exceptions.InvalidSignature, *REFUSALS) as error:
            raise SignatureMismatch("the signature does not fit the content and the key") from error

    def begin_encryption(self, cipher: ContentCipher, cek: bytes, iv: bytes, *, aad: bytes = b"") -> RunningCipher:
        """A running encryption, with its tag at the end. Raises ProviderError or UnsupportedByProvider."""
        if len(cek) != cipher.key_length:
            raise ProviderError("begin_encryption", f"{cipher.name} takes {cipher.key_length} bytes")
        if cipher.family is CipherFamily.CHACHA20:
            return _ChaChaEncryption(cek, iv, aad)
        if cipher.family is not CipherFamily.AES or cipher.mode is CipherMode.CCM:
            raise UnsupportedByProvider("begin_encryption", f"{cipher.name} is not made")
        if cipher.mode is CipherMode.CBC:
            return _CbcEncryption(Cipher(algorithms.AES(cek), modes.CBC(iv)).encryptor())
        return _GcmEncryption(cek, iv, aad)

    def begin_decryption(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, *, aad: bytes = b"", tag: bytes = b""
    ) -> RunningCipher:
        """A running decryption. Raises DecryptionError, or UnsupportedByProvider for CCM, which cannot be streamed."""
        if len(cek) != cipher.key_length:
            raise DecryptionError
        if cipher.family is CipherFamily.CHACHA20:
            return _ChaChaDecryption(cek, iv, aad, tag)
        if cipher.mode is CipherMode.GCM:
            return _GcmDecryption(cek, iv, aad, tag)
        if cipher.mode is CipherMode.CCM:
            # The first block of CCM contains the total length, and the library decrypts CCM only in one piece.
            raise UnsupportedByProvider("begin_decryption", f"{cipher.name} is decrypted only in memory")
        if cipher.family is CipherFamily.AES:
            return _CbcDecryption(Cipher(algorithms.AES(cek), modes.CBC(iv)).decryptor(), len(iv))
        if cipher.family is CipherFamily.RC2:
            return _ChainedDecryption(cipher, cek, iv)
        # DES is Triple-DES with three equal keys.
        triple = TripleDES(cek * 3 if cipher.family is CipherFamily.DES else cek)
        return _CbcDecryption(Cipher(triple, modes.CBC(iv)).decryptor(), len(iv))


class _CbcEncryption:
    def __init__(self, encryptor: CipherContext) -> None:
        self._encryptor = encryptor
        self._buffers = AlternatingBuffers()
        self._passed = 0

    async def update(self, data: Buffer) -> Buffer:
        self._passed += len(data)
        buffer = self._buffers.next(len(data) + 16)
        return buffer[: self._encryptor.update_into(data, buffer)]

    async def finish(self) -> bytes:
        # RFC 5652 section 6.3: 1 to 16 bytes, each equal to their number.
        count = 16 - self._passed % 16
        return self._encryptor.update(bytes([count]) * count) + self._encryptor.finalize()


class _CbcDecryption:
    def __init__(self, decryptor: CipherContext, block_length: int) -> None:
        self._decryptor = decryptor
        self._block_length = block_length
        self._padded = HeldPadding(block_length)
        self._buffers = AlternatingBuffers()

    async def update(self, data: Buffer) -> Buffer:
        last_block = self._padded.held
        buffer = self._buffers.next(len(last_block) + len(data) + 2 * self._block_length)
        buffer[: len(last_block)] = last_block
        count = self._decryptor.update_into(data, buffer[len(last_block) :])
        return self._padded.keep_last(buffer[: len(last_block) + count])

    async def finish(self) -> bytes:
        try:
            self._decryptor.finalize()
        except ValueError:  # The input is not a whole number of blocks.
            raise DecryptionError from None
        return self._padded.without_padding()


class _ChainedDecryption:
    """CBC with a cipher that accepts only whole blocks: the last ciphertext block is the next IV."""

    def __init__(self, cipher: ContentCipher, cek: bytes, iv: bytes) -> None:
        self._cipher = cipher
        self._cek = cek
        self._iv = iv
        self._rest = b""
        self._padded = HeldPadding(len(iv))

    async def update(self, data: Buffer) -> Buffer:
        octets = self._rest + bytes(data)
        whole = len(octets) - len(octets) % self._cipher.iv_length
        blocks, self._rest = octets[:whole], octets[whole:]
        if not blocks:
            return b""
        plaintext = native_ciphers.decrypt_blocks(self._cipher, self._cek, self._iv, blocks)
        self._iv = blocks[-self._cipher.iv_length :]
        return self._padded.keep_last(memoryview(self._padded.held + plaintext))

    async def finish(self) -> bytes:
        if self._rest:
            raise DecryptionError
        return self._padded.without_padding()


class _GcmEncryption:
    def __init__(self, cek: bytes, iv: bytes, aad: bytes) -> None:
        self._encryptor = Cipher(algorithms.AES(cek), modes.GCM(iv)).encryptor()
        self._encryptor.authenticate_additional_data(aad)
        self._buffers = AlternatingBuffers()

    async def update(self, data: Buffer) -> Buffer:
        buffer = self._buffers.next(len(data) + 16)
        return buffer[: self._encryptor.update_into(data, buffer)]

    async def finish(self) -> bytes:
        return self._encryptor.finalize() + self._encryptor.tag


class _GcmDecryption:
    def __init__(self, cek: bytes, iv: bytes, aad: bytes, tag: bytes) -> None:
        try:
            self._decryptor = Cipher(algorithms.AES(cek), modes.GCM(iv, tag, min_tag_length=12)).decryptor()
        except ValueError:
            raise DecryptionError from None
        self._decryptor.authenticate_additional_data(aad)
        self._buffers = AlternatingBuffers()

    async def update(self, data: Buffer) -> Buffer:
        buffer = self._buffers.next(len(data) + 16)
        return buffer[: self._decryptor.update_into(data, buffer)]

    async def finish(self) -> bytes:
        try:
            return self._decryptor.finalize()
        except exceptions.InvalidTag:
            raise DecryptionError from None


class _ChaCha:
    """ChaCha20 and Poly1305 combined (RFC 8439 section 2.8). The library does this only for content in one piece."""

    def __init__(self, cek: bytes, iv: bytes, aad: bytes) -> None:
        if len(iv) != 12:
            raise DecryptionError
        one_time = Cipher(algorithms.ChaCha20(cek, bytes(4) + iv), None).encryptor().update(bytes(32))
        self._cipher = Cipher(algorithms.ChaCha20(cek, (1).to_bytes(4, "little") + iv), None).encryptor()
        self._mac = poly1305.Poly1305(one_time)
        self._aad_length = len(aad)
        self._length = 0
        self._buffers = AlternatingBuffers()
        self._mac.update(aad + bytes(-len(aad) % _POLY1305_BLOCK))

    def transform(self, data: Buffer) -> memoryview:
        buffer = self._buffers.next(len(data) + 64)
        return buffer[: self._cipher.update_into(data, buffer)]

    def authenticate(self, ciphertext: Buffer) -> None:
        self._length += len(ciphertext)
        self._mac.update(ciphertext)

    def tag(self) -> bytes:
        self._mac.update(bytes(-self._length % _POLY1305_BLOCK))
        self._mac.update(self._aad_length.to_bytes(8, "little") + self._length.to_bytes(8, "little"))
        return self._mac.finalize()


class _ChaChaEncryption(_ChaCha):
    async def update(self, data: Buffer) -> Buffer:
        ciphertext = self.transform(data)
        self.authenticate(ciphertext)
        return ciphertext

    async def finish(self) -> bytes:
        return self.tag()


class _ChaChaDecryption(_ChaCha):
    def __init__(self, cek: bytes, iv: bytes, aad: bytes, tag: bytes) -> None:
        super().__init__(cek, iv, aad)
        self._expected = tag

    async def update(self, data: Buffer) -> Buffer:
        self.authenticate(data)
        return self.transform(data)

    async def finish(self) -> bytes:
        if len(self._expected) != TAG_LENGTH or not hmac.compare_digest(self.tag(), self._expected):
            raise DecryptionError
        return b""
