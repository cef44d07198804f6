"""DES and Triple-DES in CBC mode, decryption (FIPS 46-3), for old mail in browsers, which have neither.

About 0.3 MB/s natively. Not constant-time: it looks tables up by secret values.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

from smime_core.der import Buffer

Schedule = tuple[tuple[int, ...], ...]
"""Sixteen round keys of eight six-bit pieces, in the order of their use."""

_BLOCK: Final = 8  # bytes
_KEY_LENGTHS: Final = (8, 24)  # bytes: DES, and Triple-DES with three keys
_MASK: Final = 0xFFFFFFFF


def decrypt_des_cbc(key: bytes, iv: bytes, ciphertext: Buffer) -> bytes:
    """The blocks without their padding removed: DES with a key of 8 bytes, Triple-DES with one of 24.

    Parity bits are ignored. Raises ValueError for impossible lengths.
    """
    if len(key) not in _KEY_LENGTHS or len(iv) != _BLOCK or len(ciphertext) % _BLOCK:
        raise ValueError("an impossible length")
    # Triple-DES was encrypted by the first, decrypted by the second and encrypted by the third key.
    forward = [_schedule(key[start : start + _BLOCK]) for start in range(0, len(key), _BLOCK)]
    stages = [part[::-1] if number % 2 == 0 else part for number, part in enumerate(forward)][::-1]
    previous, octets = int.from_bytes(iv, "big"), bytes(ciphertext)
    decrypted = bytearray()
    for start in range(0, len(octets), _BLOCK):
        block = int.from_bytes(octets[start : start + _BLOCK], "big")
        decrypted += (_crypt(stages, block) ^ previous).to_bytes(_BLOCK, "big")
        previous = block
    return bytes(decrypted)


def _crypt(stages: Sequence[Schedule], block: int) -> int:
    # The final permutation of one stage and the initial one of the next undo each other.
    initial, final = _block_permutations()
    permuted = 0
    for position, table in enumerate(initial):
        permuted |= table[block >> 56 - 8 * position & 0xFF]
    left, right = permuted >> 32, permuted & _MASK
    a, b, c, d, e, f, g, h = _substitutions()
    for schedule in stages:
        for k0, k1, k2, k3, k4, k5, k6, k7 in schedule:
            # The expansion E: each six bits are four of the right half with a neighbour on both sides.
            turned = (right >> 1 | right << 31 & _MASK) << 2 | right << 1 & 2 | right >> 31
            mixed = (
                a[turned >> 28 & 63 ^ k0]
                | b[turned >> 24 & 63 ^ k1]
                | c[turned >> 20 & 63 ^ k2]
                | d[turned >> 16 & 63 ^ k3]
                | e[turned >> 12 & 63 ^ k4]
                | f[turned >> 8 & 63 ^ k5]
                | g[turned >> 4 & 63 ^ k6]
                | h[turned & 63 ^ k7]
            )
            left, right = right, left ^ mixed
        left, right = right, left
    joined, permuted = left << 32 | right, 0
    for position, table in enumerate(final):
        permuted |= table[joined >> 56 - 8 * position & 0xFF]
    return permuted


def _permute(value: int, width: int, positions: Sequence[int]) -> int:
    # FIPS 46-3 counts bits from 1, from the left.
    permuted = 0
    for position in positions:
        permuted = permuted << 1 | value >> width - position & 1
    return permuted


def _schedule(key: bytes) -> Schedule:
    chosen = _permute(int.from_bytes(key, "big"), 64, _PERMUTED_CHOICE_1)
    c, d = chosen >> 28, chosen & 0xFFFFFFF
    rounds: list[tuple[int, ...]] = []
    for shift in _SHIFTS:
        c = (c << shift | c >> 28 - shift) & 0xFFFFFFF
        d = (d << shift | d >> 28 - shift) & 0xFFFFFFF
        round_key = _permute(c << 28 | d, 56, _PERMUTED_CHOICE_2)
        rounds.append(tuple(round_key >> 42 - 6 * number & 63 for number in range(8)))
    return tuple(rounds)


@functools.cache
def _substitutions() -> tuple[tuple[int, ...], ...]:
    # Each box together with the permutation P behind it.
    tables: list[tuple[int, ...]] = []
    for number, box in enumerate(_BOXES):
        entries: list[int] = []
        for six in range(64):
            row, column = six >> 4 & 2 | six & 1, six >> 1 & 15
            entries.append(_permute(int(box[16 * row + column], 16) << 28 - 4 * number, 32, _PERMUTATION))
        tables.append(tuple(entries))
    return tuple(tables)


@functools.cache
def _block_permutations() -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]:
    inverse = [_INITIAL.index(position) + 1 for position in range(1, 65)]

    def tables(positions: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        return tuple(
            tuple(_permute(octet << 56 - 8 * number, 64, positions) for octet in range(256)) for number in range(8)
        )

    return tables(_INITIAL), tables(inverse)


# FIPS 46-3: the initial permutation, P, both permuted choices, the shifts and the eight boxes.
_INITIAL: Final = [start - 8 * step for start in (58, 60, 62, 64, 57, 59, 61, 63) for step in range(8)]
_PERMUTATION: Final = (
    *(16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10),
    *(2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25),
)
_PERMUTED_CHOICE_1: Final = (
    *(57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36),
    *(63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4),
)
_PERMUTED_CHOICE_2: Final = (
    *(14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2),
    *(41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32),
)
_SHIFTS: Final = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
_BOXES: Final = (
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
)
