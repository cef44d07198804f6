"""Encryption with 3DES (FIPS 46-3) in CBC mode, only for PKCS#12 files in the legacy form.

WebCrypto lacks 3DES, and our providers only decrypt it. So the few kilobytes of a key file are encrypted here. The
arithmetic is not constant-time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

BLOCK_BYTES: Final = 8
_KEY_BYTES: Final = 24

# The tables of FIPS 46-3. Bits are numbered from 1, the most significant first.
_INITIAL: Final = tuple(first - 8 * column for first in (58, 60, 62, 64, 57, 59, 61, 63) for column in range(8))
_FINAL: Final = tuple(_INITIAL.index(bit) + 1 for bit in range(1, 65))
# fmt: off
_PERMUTATION: Final = (
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4,
    25,
)
_CHOICE_1: Final = (
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36, 63,
    55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
)
_CHOICE_2: Final = (
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55,
    30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
)
# fmt: on
_SHIFTS: Final = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
# Each S-box as four rows of 16 hexadecimal digits.
_S_BOXES: Final = tuple(
    tuple(tuple(int(digit, 16) for digit in row) for row in box.split())
    for box in (
        "e4d12fb83a6c5907 0f74e2d1a6cb9538 41e8d62bfc973a50 fc8249175b3ea06d",
        "f18e6b34972dc05a 3d47f28ec01a69b5 0e7ba4d158c6932f d8a13f42b67c05e9",
        "a09e63f51dc7b428 d709346a285ecbf1 d6498f30b12c5ae7 1ad069874fe3b52c",
        "7de3069a1285bc4f d8b56f03472c1ae9 a690cb7df13e5284 3f06a1d8945bc72e",
        "2c417ab6853fd0e9 eb2c47d150fa3986 421bad78f9c5630e b8c71e2d6f09a453",
        "c1af92680d34e75b af427c9561de0b38 9ef528c3704a1db6 432c95fabe17608d",
        "4b2ef08d3c975a61 d0b7491ae35c2f86 14bdc37eaf680592 6bd814a7950fe23c",
        "d2846fb1a93e50c7 1fd8a374c56b0e92 7b419ce206adf358 21e74a8dfc90356b",
    )
)


def encrypt_triple_des_cbc(key: bytes, iv: bytes, plaintext: bytes) -> bytes:
    """The ciphertext with PKCS#7 padding. `key` has 24 bytes, whose parity bits are ignored, and `iv` has 8."""
    if len(key) != _KEY_BYTES or len(iv) != BLOCK_BYTES:
        raise ValueError("3DES takes a key of 24 bytes and an IV of 8")
    first, second, third = (
        _expand_key(key[start : start + BLOCK_BYTES]) for start in range(0, _KEY_BYTES, BLOCK_BYTES)
    )
    stages = (first, second[::-1], third)
    padding = BLOCK_BYTES - len(plaintext) % BLOCK_BYTES
    padded = plaintext + bytes([padding]) * padding
    previous, ciphertext = int.from_bytes(iv, "big"), bytearray()
    for start in range(0, len(padded), BLOCK_BYTES):
        previous ^= int.from_bytes(padded[start : start + BLOCK_BYTES], "big")
        for subkeys in stages:
            previous = _apply(subkeys, previous)
        ciphertext += previous.to_bytes(BLOCK_BYTES, "big")
    return bytes(ciphertext)


def _apply(subkeys: Iterable[int], block: int) -> int:
    # Encrypts one block with DES. With the subkeys reversed, decrypts it.
    permuted = _permute(block, _INITIAL, 64)
    left, right = permuted >> 32, permuted & 0xFFFFFFFF
    for subkey in subkeys:
        left, right = right, left ^ _mix(right, subkey)
    # The two halves of the block are swapped after the last round.
    return _permute(right << 32 | left, _FINAL, 64)


def _mix(half: int, subkey: int) -> int:
    # Each S-box reads four bits of `half` and one more bit on each side of them. `wide` is `half` between copies of its
    # last and its first bit.
    wide = (half & 1) << 33 | half << 1 | half >> 31
    mixed = 0
    for box, table in enumerate(_SUBSTITUTION):
        shift = 28 - 4 * box
        mixed |= table[(wide >> shift & 63) ^ (subkey >> (42 - 6 * box) & 63)]
    return mixed


def _expand_key(key: bytes) -> tuple[int, ...]:
    chosen = _permute(int.from_bytes(key, "big"), _CHOICE_1, 64)
    left, right = chosen >> 28, chosen & 0xFFFFFFF
    return tuple(
        _permute(_rotate(left, turned) << 28 | _rotate(right, turned), _CHOICE_2, 56) for turned in accumulate(_SHIFTS)
    )


def _rotate(half: int, count: int) -> int:
    return (half << count | half >> (28 - count)) & 0xFFFFFFF


def _permute(value: int, positions: Sequence[int], width: int) -> int:
    result = 0
    for position in positions:
        result = result << 1 | (value >> (width - position) & 1)
    return result


def _build_substitution() -> tuple[tuple[int, ...], ...]:
    # Returns a table for each S-box: the permuted output for every input of six bits.
    tables: list[tuple[int, ...]] = []
    for number, box in enumerate(_S_BOXES):
        values = (box[six >> 4 & 2 | six & 1][six >> 1 & 15] << (28 - 4 * number) for six in range(64))
        tables.append(tuple(_permute(value, _PERMUTATION, 32) for value in values))
    return tuple(tables)


_SUBSTITUTION: Final = _build_substitution()
