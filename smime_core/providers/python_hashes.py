"""Digests by `hashlib`, with SHA-512/224 and SHA-512/256 (FIPS 180-4 section 6.7) for Pyodide, whose hashlib lacks
them.

Signatures with these two hashes are rare, so a speed of one megabyte per second is enough.
"""

from __future__ import annotations

import functools
import hashlib
import math
from typing import Final

from smime_core.algorithms import HashName, digest_data, hash_length
from smime_core.asn1.der import Buffer

_BLOCK: Final = 128  # bytes
_MASK: Final = 2**64 - 1
HASHLIB_HAS = hashlib.algorithms_available
_TRUNCATED: Final = {HashName.SHA512_224: b"SHA-512/224", HashName.SHA512_256: b"SHA-512/256"}


def python_digest(hash_name: HashName, data: Buffer) -> bytes:
    """One digest. Raises UnsupportedAlgorithm."""
    if hash_name in _TRUNCATED and hash_name not in HASHLIB_HAS:
        truncated = TruncatedSha512(hash_name)
        truncated.update(data)
        return truncated.digest()
    return digest_data(hash_name, data)


class TruncatedSha512:
    """SHA-512/224 or SHA-512/256, fed block by block."""

    def __init__(self, hash_name: HashName) -> None:
        self._state = _start_of(_TRUNCATED[hash_name])
        self._length = hash_length(hash_name)
        self._rest = b""
        self._taken = 0

    def update(self, data: Buffer, /) -> None:
        """Add bytes to the digest."""
        octets = self._rest + bytes(data)
        whole = len(octets) - len(octets) % _BLOCK
        self._state = _compress_blocks(self._state, octets[:whole])
        self._rest = octets[whole:]
        self._taken += len(data)

    def digest(self) -> bytes:
        """The digest of all bytes."""
        state = _compress_blocks(self._state, self._rest + _padding(self._taken))
        return b"".join(word.to_bytes(8, "big") for word in state)[: self._length]


@functools.cache
def _start_of(name: bytes) -> tuple[int, ...]:
    # FIPS 180-4 section 5.3.6: the start is SHA-512 of the function's name, computed from altered initial values.
    start = tuple(word ^ 0xA5A5A5A5A5A5A5A5 for word in _fractions(2, 8))
    return _compress_blocks(start, name + _padding(len(name)))


@functools.cache
def _fractions(root: int, count: int) -> tuple[int, ...]:
    # FIPS 180-4 sections 4.2.3 and 5.3.5: 64 bits of the fractional parts of the roots of the first primes.
    primes: list[int] = []
    number = 2
    while len(primes) < count:
        if all(number % prime for prime in primes):
            primes.append(number)
        number += 1
    if root == 2:
        return tuple(math.isqrt(prime << 128) & _MASK for prime in primes)
    return tuple(_cube_root(prime << 192) & _MASK for prime in primes)


def _cube_root(number: int) -> int:
    low, high = 0, 1 << 80
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle)
    return low


def _padding(length: int) -> bytes:
    # FIPS 180-4 section 5.1.2.
    return b"\x80" + bytes(-(length + 17) % _BLOCK) + (8 * length).to_bytes(16, "big")


def _compress_blocks(state: tuple[int, ...], blocks: bytes) -> tuple[int, ...]:
    for start in range(0, len(blocks), _BLOCK):
        state = _compress(state, blocks[start : start + _BLOCK])
    return state


def _compress(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    # FIPS 180-4 section 6.4.2.
    words = [int.from_bytes(block[start : start + 8], "big") for start in range(0, _BLOCK, 8)]
    for index in range(16, 80):
        early, late = words[index - 15], words[index - 2]
        small0 = _rotate(early, 1) ^ _rotate(early, 8) ^ early >> 7
        small1 = _rotate(late, 19) ^ _rotate(late, 61) ^ late >> 6
        words.append(words[index - 16] + small0 + words[index - 7] + small1 & _MASK)
    a, b, c, d, e, f, g, h = state
    for word, constant in zip(words, _fractions(3, 80), strict=True):
        big1 = _rotate(e, 14) ^ _rotate(e, 18) ^ _rotate(e, 41)
        first = h + big1 + (e & f ^ ~e & g) + constant + word
        second = (_rotate(a, 28) ^ _rotate(a, 34) ^ _rotate(a, 39)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = first + second & _MASK, a, b, c, d + first & _MASK, e, f, g
    return tuple(old + new & _MASK for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True))


def _rotate(word: int, bits: int) -> int:
    return (word >> bits | word << 64 - bits) & _MASK
