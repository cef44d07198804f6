"""Symmetric ciphers of the browser's provider: content encryption and AES key wrap.

`sealwax_js` uses WebCrypto, or its own code where the browser lacks a cipher or a key length: AES-192 in Chromium,
ChaCha20-Poly1305 in Firefox, 3DES, DES and RC2 everywhere (`vault/worker/cipher_door.js`). CCM is composed here from
counter mode and CBC.
"""

from __future__ import annotations

import hmac
import types
from collections.abc import Generator
from typing import Any, Final

from smime_core.algorithms import MIN_TAG_LENGTH, TAG_LENGTH, CipherFamily, CipherMode, ContentCipher
from smime_core.asn1.der import Buffer
from smime_core.errors import DecryptionError, ProviderError, UnsupportedByProvider

_BLOCK: Final = 16  # bytes
_CBC: Final = "AES-CBC"
COUNTER_MODE: Final = "AES-CTR"
_WEB_NAMES: Final = {
    (CipherFamily.AES, CipherMode.CBC): _CBC,
    (CipherFamily.AES, CipherMode.GCM): "AES-GCM",
    (CipherFamily.CHACHA20, CipherMode.CHACHA20_POLY1305): "ChaCha20-Poly1305",
    (CipherFamily.TRIPLE_DES, CipherMode.CBC): "DES-CBC",
    (CipherFamily.DES, CipherMode.CBC): "DES-CBC",
    (CipherFamily.RC2, CipherMode.CBC): "RC2-CBC",
}
# Small results are parts of a larger buffer, so passing their buffer on saves nothing.
_PASSED_ON_FROM_BYTES: Final = 4_096


class WebCiphers:
    """The part of a provider that has the ciphers of `sealwax_js`, the `door`."""

    def __init__(self, door: Any) -> None:
        self._door: Any = door
        self._decrypted: tuple[bytes, Any] | None = None

    async def encrypt_content(
        self, cipher: ContentCipher, cek: bytes, iv: bytes, plaintext: Buffer, aad: bytes = b""
    ) -> bytes:
        """The ciphertext. CBC is padded (RFC 5652 section 6.3); other modes add a 16-byte tag. Raises ProviderError."""
        if cipher.is_weak:
            raise UnsupportedByProvider("encrypt_content", f"{cipher.name} is not made")
        if len(cek) != cipher.key_length:
            raise ProviderError("encrypt_content", f"{cipher.name} takes {cipher.key_length} bytes")
        if cipher.mode is CipherMode.CCM:
            return await self._encrypt_ccm(cek, iv, bytes(plaintext), aad)
        encrypted = self._door.encrypt(web_name(cipher), cek, iv, aad, plaintext, 8 * TAG_LENGTH)
        return await result("encrypt_content", encrypted)

    async def decrypt_content(
        self,
        cipher: ContentCipher,
        cek: bytes,
        iv: bytes,
        ciphertext: Buffer,
        aad: bytes = b"",
        *,
        tag_length: int = TAG_LENGTH,
    ) -> bytes:
        """The plaintext, after every padding byte or the tag was checked. Raises DecryptionError."""
        # MUSTS 19 and 25: the shortest tag and the length of the key are checked here as well as by the parser.
        has_tag = MIN_TAG_LENGTH <= tag_length <= TAG_LENGTH
        if len(cek) != cipher.key_length or (cipher.is_authenticated and not has_tag):
            raise DecryptionError
        if cipher.mode is CipherMode.CCM:
            return await self._decrypt_ccm(cek, iv, bytes(ciphertext), aad, tag_length)
        bits = effective_bits(cipher) if cipher.mode is CipherMode.CBC else 8 * tag_length
        outcome = await settle(self._door.decrypt(web_name(cipher), cek, iv, aad, ciphertext, bits))
        plaintext = read_decrypted(outcome)
        self._decrypted = (plaintext, outcome)
        return plaintext

    async def decrypt_blocks(self, cipher: ContentCipher, key: bytes, iv: bytes, blocks: bytes) -> bytes:
        """CBC without padding over whole blocks. Raises DecryptionError."""
        # RFC 3217 section 4.3: an RC2 key-encryption key has 16 bytes, whatever its effective bits.
        fits = len(key) == cipher.key_length or cipher.family is CipherFamily.RC2
        if not fits or cipher.mode is not CipherMode.CBC:
            raise DecryptionError
        outcome = self._door.decryptBlocks(web_name(cipher), key, iv, blocks, effective_bits(cipher))
        return read_decrypted(await settle(outcome))

    async def wrap_key(self, kek: bytes, cek: bytes) -> bytes:
        """The content-encryption key (CEK), wrapped with `kek` by AES key wrap (RFC 3394). Raises ProviderError."""
        if len(cek) < 16 or len(cek) % 8 or len(kek) not in (16, 24, 32):
            raise ProviderError("wrap_key", "AES key wrap takes two words of 64 bits or more")
        return await result("wrap_key", self._door.wrap(kek, cek))

    async def unwrap_key(self, kek: bytes, wrapped: bytes) -> bytes:
        """The unwrapped CEK. Raises DecryptionError."""
        if len(kek) not in (16, 24, 32):
            raise DecryptionError
        return read_decrypted(await settle(self._door.unwrap(kek, wrapped)))

    def find_buffer(self, octets: bytes) -> Any:
        """The ArrayBuffer of the last `decrypt_content` if `octets` is its result, else None. This saves a copy."""
        if self._decrypted is not None and self._decrypted[0] is octets and len(octets) >= _PASSED_ON_FROM_BYTES:
            return self._decrypted[1]
        return None

    async def _encrypt_ccm(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        # RFC 3610 section 2.3: the first block of the stream encrypts the tag, the later ones the text.
        if not 7 <= len(nonce) <= 13:
            raise ProviderError("encrypt_content", "CCM takes a nonce of 7 to 13 bytes")
        tag = await self._ccm_tag(key, nonce, plaintext, aad, TAG_LENGTH)
        mixed = await self._apply_ccm_stream(key, nonce, tag + plaintext)
        return mixed[_BLOCK:] + mixed[:_BLOCK]

    async def _decrypt_ccm(self, key: bytes, nonce: bytes, encrypted: bytes, aad: bytes, tag_length: int) -> bytes:
        # RFC 3610 section 2.5. A tag has an even number of bytes, at least four.
        if not 7 <= len(nonce) <= 13 or tag_length not in range(4, 17, 2) or len(encrypted) < tag_length:
            raise DecryptionError
        tag_block = encrypted[-tag_length:].ljust(_BLOCK, b"\0")
        opened = await self._apply_ccm_stream(key, nonce, tag_block + encrypted[:-tag_length])
        expected = await self._ccm_tag(key, nonce, opened[_BLOCK:], aad, tag_length)
        if not hmac.compare_digest(opened[:tag_length], expected):
            raise DecryptionError
        return opened[_BLOCK:]

    async def _apply_ccm_stream(self, key: bytes, nonce: bytes, data: bytes) -> bytes:
        counter_bytes = 15 - len(nonce)
        counter = bytes([counter_bytes - 1]) + nonce + bytes(counter_bytes)
        # In counter mode, encryption and decryption are the same.
        return read_decrypted(
            await settle(self._door.decrypt(COUNTER_MODE, key, counter, b"", data, 8 * counter_bytes))
        )

    async def _ccm_tag(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, tag_length: int) -> bytes:
        # RFC 3610 section 2.2: CBC-MAC over the lengths, the associated data and the text.
        length_bytes = 15 - len(nonce)
        if len(plaintext) >> 8 * length_bytes:
            raise DecryptionError
        flags = (0x40 if aad else 0) | (tag_length - 2) // 2 << 3 | length_bytes - 1
        first = bytes([flags]) + nonce + len(plaintext).to_bytes(length_bytes, "big")
        data = first + _pad(_ccm_length(aad) + aad) + _pad(plaintext)
        chained = await result("digest", self._door.encrypt(_CBC, key, bytes(_BLOCK), b"", data, 0))
        # WebCrypto adds a block of padding. The tag is the block before it.
        return chained[-2 * _BLOCK : -_BLOCK][:tag_length]


@types.coroutine
def settle(promise: Any) -> Generator[Any, Any, Any]:
    """The value of a JavaScript promise. The coroutine yields the promise to the Worker, which sends back the value."""
    return (yield promise)


async def result(operation: str, promise: Any) -> bytes:
    """The bytes of the promised ArrayBuffer. Raises ProviderError if the promise gives the name of a DOMException."""
    outcome = await settle(promise)
    if isinstance(outcome, str):
        if outcome == "NotSupportedError":
            raise UnsupportedByProvider(operation, "this browser lacks the algorithm")
        raise ProviderError(operation)
    octets: bytes = outcome.to_bytes()
    return octets


def read_decrypted(outcome: Any) -> bytes:
    """The bytes of a decryption's result. Raises DecryptionError, which does not reveal what failed."""
    if outcome == "NotSupportedError":
        # The list of ciphers that the browser lacks is no secret.
        raise UnsupportedByProvider("decrypt", "this browser lacks the algorithm")
    if isinstance(outcome, str):
        raise DecryptionError
    octets: bytes = outcome.to_bytes()
    return octets


def web_name(cipher: ContentCipher) -> str:
    """The cipher's name in `sealwax_js`."""
    return _WEB_NAMES[cipher.family, cipher.mode]


def effective_bits(cipher: ContentCipher) -> int:
    """The effective bits of an RC2 key (RFC 2268 section 2); 0 for other ciphers, which have none."""
    return 8 * cipher.key_length if cipher.family is CipherFamily.RC2 else 0


def _ccm_length(aad: bytes) -> bytes:
    # RFC 3610 section 2.2.
    if not aad:
        return b""
    if len(aad) < 0xFF00:
        return len(aad).to_bytes(2, "big")
    return b"\xff\xfe" + len(aad).to_bytes(4, "big")


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)
