"""DES and Triple-DES in CBC mode, decryption (FIPS 46-3), for old mail in browsers, which have neither.

All blocks go through a round together, some 4 MB/s natively. A half of every block is held as its expansion E(R), eight
strings with six bits in each byte: behind the S-boxes everything is linear, so that S-box, permutation P and expansion
E are one `bytes.translate` for each pair of groups. Not constant-time: it looks tables up by secret values.
"""

from __future__ import annotations

import functools
from typing import Final

from smime_core.der import Buffer

Tables = tuple[tuple[int, bytes], ...]
"""What one source byte adds to: the numbers of its targets, each with a table of 256."""

_BLOCK: Final = 8  # bytes
_KEY_LENGTHS: Final = (8, 24)  # bytes: DES, and Triple-DES with three keys
_CHUNK_BLOCKS: Final = 16_384
_ROUNDS: Final = 16

# FIPS 46-3, its numbers less one.
_P: Final = tuple(
    number - 1
    for number in (
        *(16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10),
        *(2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25),
    )
)
_PERMUTED_CHOICE_1: Final = tuple(
    number - 1
    for number in (
        *(57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36),
        *(63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4),
    )
)
_PERMUTED_CHOICE_2: Final = tuple(
    number - 1
    for number in (
        *(14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2),
        *(41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32),
    )
)
_SHIFTS: Final = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
# Each S-box in four rows of 16 hexadecimal digits.
_S_BOXES: Final = (
    "e4d12fb83a6c5907 0f74e2d1a6cb9538 41e8d62bfc973a50 fc8249175b3ea06d",
    "f18e6b34972dc05a 3d47f28ec01a69b5 0e7ba4d158c6932f d8a13f42b67c05e9",
    "a09e63f51dc7b428 d709346a285ecbf1 d6498f30b12c5ae7 1ad069874fe3b52c",
    "7de3069a1285bc4f d8b56f03472c1ae9 a690cb7df13e5284 3f06a1d8945bc72e",
    "2c417ab6853fd0e9 eb2c47d150fa3986 421bad78f9c5630e b8c71e2d6f09a453",
    "c1af92680d34e75b af427c9561de0b38 9ef528c3704a1db6 432c95fabe17608d",
    "4b2ef08d3c975a61 d0b7491ae35c2f86 14bdc37eaf680592 6bd814a7950fe23c",
    "d2846fb1a93e50c7 1fd8a374c56b0e92 7b419ce206adf358 21e74a8dfc90356b",
)


def decrypt_des_cbc(key: bytes, iv: bytes, ciphertext: Buffer) -> bytes:
    """The blocks without their padding removed: DES with a key of 8 bytes, Triple-DES with one of 24.

    Parity bits are ignored. Raises ValueError for impossible lengths.
    """
    if len(key) not in _KEY_LENGTHS or len(iv) != _BLOCK or len(ciphertext) % _BLOCK:
        raise ValueError("an impossible length")
    # Triple-DES was encrypted by the first, decrypted by the second and encrypted by the third key.
    forward = [_expand_key(key[start : start + _BLOCK]) for start in range(0, len(key), _BLOCK)]
    stages = [part[::-1] if number % 2 == 0 else part for number, part in enumerate(forward)][::-1]
    subkeys = [subkey for stage in stages for subkey in stage]
    octets, size = bytes(ciphertext), _CHUNK_BLOCKS * _BLOCK
    opened = b"".join(_crypt(subkeys, octets[start : start + size]) for start in range(0, len(octets), size))
    mixed = int.from_bytes(opened, "big") ^ int.from_bytes((iv + octets)[: len(octets)], "big")
    return mixed.to_bytes(len(octets), "big")


def _crypt(subkeys: list[bytes], data: bytes) -> bytes:
    count = len(data) // _BLOCK
    ones = int.from_bytes(b"\x01" * count, "big")
    initial, final = _permutations()
    substitutions = _substitutions()
    groups = _gather([data[position::_BLOCK] for position in range(_BLOCK)], initial, 16)
    left, right = groups[:8], groups[8:]
    for number, subkey in enumerate(subkeys):
        if number and number % _ROUNDS == 0:
            # The final permutation of one stage and the initial one of the next undo each other, but for the halves.
            left, right = right, left
        for group, octet in enumerate(subkey):
            mixed = (right[group] ^ octet * ones).to_bytes(count, "big")
            for target, table in substitutions[group]:
                left[target] ^= int.from_bytes(mixed.translate(table), "big")
        left, right = right, left
    strings = [group.to_bytes(count, "big") for group in right + left]
    crypted = bytearray(len(data))
    for position, octets in enumerate(_gather(strings, final, _BLOCK)):
        crypted[position::_BLOCK] = octets.to_bytes(count, "big")
    return bytes(crypted)


def _gather(strings: list[bytes], tables: tuple[Tables, ...], count: int) -> list[int]:
    # A linear map from bytes to bytes.
    targets = [0] * count
    for octets, places in zip(strings, tables, strict=True):
        for target, table in places:
            targets[target] ^= int.from_bytes(octets.translate(table), "big")
    return targets


def _expand_key(key: bytes) -> list[bytes]:
    # The 16 subkeys, each in eight groups of six bits.
    bits = [key[number // 8] >> 7 - number % 8 & 1 for number in _PERMUTED_CHOICE_1]
    c, d = bits[:28], bits[28:]
    subkeys = []
    for shift in _SHIFTS:
        c, d = c[shift:] + c[:shift], d[shift:] + d[:shift]
        chosen = [(c + d)[number] for number in _PERMUTED_CHOICE_2]
        subkeys.append(bytes(int("".join(map(str, chosen[start : start + 6])), 2) for start in range(0, 48, 6)))
    return subkeys


@functools.cache
def _substitutions() -> tuple[Tables, ...]:
    return tuple(_substitution(group) for group in range(8))


@functools.cache
def _permutations() -> tuple[tuple[Tables, ...], tuple[Tables, ...]]:
    # The initial and the final one.
    return tuple(_into_groups(position) for position in range(8)), tuple(_from_groups(group) for group in range(16))


def _places(bit: int) -> list[tuple[int, int]]:
    # Where a bit of a half stands in its expansion E: in one group or two, with its value there.
    bits_of = [[(4 * group + offset) % 32 for offset in range(-1, 5)] for group in range(8)]
    return [(group, 32 >> bits.index(bit)) for group, bits in enumerate(bits_of) if bit in bits]


def _tables(outputs: dict[int, list[tuple[int, int]]]) -> Tables:
    # `outputs` has for each byte that may come in the places (target, value) that it sets.
    tables: dict[int, bytearray] = {}
    for octet, places in outputs.items():
        for target, value in places:
            tables.setdefault(target, bytearray(256))[octet] ^= value
    return tuple((target, bytes(table)) for target, table in tables.items())


def _substitution(group: int) -> Tables:
    # The outer two of six bits choose the row.
    rows = _S_BOXES[group].split()
    outputs = {}
    for octet in range(64):
        value = int(rows[octet >> 4 & 2 | octet & 1][octet >> 1 & 15], 16)
        found = [4 * group + bit for bit in range(4) if value >> 3 - bit & 1]
        outputs[octet] = [place for bit in found for place in _places(_P.index(bit))]
    return _tables(outputs)


def _into_groups(position: int) -> Tables:
    # The initial permutation: each second bit of a byte goes left, the others right, the last byte first.
    outputs = {}
    for octet in range(256):
        found = [bit for bit in range(8) if octet >> 7 - bit & 1]
        outputs[octet] = [
            (group if bit % 2 else group + 8, value)
            for bit in found
            for group, value in _places(8 * (bit // 2) + 7 - position)
        ]
    return _tables(outputs)


def _from_groups(group: int) -> Tables:
    # The reverse; of a group's six bits the outer two belong to its neighbours.
    outputs = {}
    for octet in range(64):
        found = [4 * (group % 8) + bit for bit in range(4) if octet >> 4 - bit & 1]
        outputs[octet] = [(7 - bit % 8, 128 >> 2 * (bit // 8) + (1 if group < 8 else 0)) for bit in found]
    return _tables(outputs)
