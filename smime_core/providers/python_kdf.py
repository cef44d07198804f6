"""PBKDF2 (RFC 8018 section 5.2) and HKDF (RFC 5869) over hashlib, for platforms whose hashlib has neither.

A passphrase given to WebCrypto's PBKDF2 stays in Firefox's memory permanently. A passphrase given to this module stays
in the WebAssembly memory, which the vault fills with zeros. For the usual hashes, WebAssembly of the vault
(`vault/worker/pbkdf2/`) computes the iterations in a fifth of the time. `begin_pbkdf2` computes their input.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import partial

from smime_core.algorithms import HashName, Hkdf, Pbkdf2, RepeatedHash, hash_length
from smime_core.errors import ProviderError

_INNER = bytes(octet ^ 0x36 for octet in range(256))
_OUTER = bytes(octet ^ 0x5C for octet in range(256))


def derive_pbkdf2(kdf: Pbkdf2, secret: bytes, length: int) -> bytes:
    """`length` bytes from a passphrase."""
    blocks = -(-length // hash_length(kdf.hash_name))
    return b"".join(_pbkdf2_block(kdf, secret, number) for number in range(1, blocks + 1))[:length]


def begin_pbkdf2(kdf: Pbkdf2, secret: bytes, length: int) -> tuple[bytes, bytes]:
    """(HMAC's key, U_1 of all blocks of the derived key): the first iteration for `length` bytes.

    The key is filled up to a block of the hash (RFC 2104 section 2).
    """
    blocks = -(-length // hash_length(kdf.hash_name))
    key = _hmac_key(kdf.hash_name, secret)
    salted = (kdf.salt + number.to_bytes(4, "big") for number in range(1, blocks + 1))
    return key, b"".join(hmac.digest(key, message, kdf.hash_name) for message in salted)


def repeat_hash(kdf: RepeatedHash, secret: bytes) -> bytes:
    """The digest after all iterations."""
    new_hash = getattr(hashlib, kdf.hash_name, None) or partial(hashlib.new, kdf.hash_name)
    digest: bytes = new_hash(secret).digest()
    for _ in range(kdf.iterations - 1):
        digest = new_hash(digest).digest()
    return digest


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
    # The two keyed states of HMAC are computed once and then copied, so each iteration takes only two compressions.
    key = _hmac_key(kdf.hash_name, secret)
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
    return total.to_bytes(hash_length(kdf.hash_name), "big")


def _hmac_key(hash_name: HashName, secret: bytes) -> bytes:
    block = hashlib.new(hash_name).block_size
    key = hashlib.new(hash_name, secret).digest() if len(secret) > block else secret
    return key.ljust(block, b"\0")
