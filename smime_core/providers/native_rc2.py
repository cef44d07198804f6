"""Decrypt RC2 in CBC mode (RFC 2268), for mail of the 1990s. No library supports every effective key length."""

from __future__ import annotations

import struct
from typing import Final

from smime_core.asn1.der import Buffer

_BLOCK: Final = 8  # bytes
_PITABLE: Final = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)


def decrypt_rc2_cbc(key: bytes, iv: bytes, ciphertext: Buffer, *, effective_bits: int) -> bytes:
    """The decrypted blocks, including their padding. Raises ValueError for invalid lengths."""
    if len(iv) != _BLOCK or len(ciphertext) % _BLOCK or not 1 <= len(key) <= 128 or not 1 <= effective_bits <= 1024:
        raise ValueError("an impossible length")
    schedule = _expand_key(key, effective_bits)
    previous = int.from_bytes(iv, "big")
    decrypted = bytearray()
    for (block,) in struct.iter_unpack("8s", ciphertext):
        number = int.from_bytes(_decrypt_block(schedule, block), "big") ^ previous
        decrypted += number.to_bytes(_BLOCK, "big")
        previous = int.from_bytes(block, "big")
    return bytes(decrypted)


def _expand_key(key: bytes, effective_bits: int) -> tuple[int, ...]:
    # RFC 2268 section 2.
    octets = bytearray(key)
    for position in range(len(key), 128):
        octets.append(_PITABLE[(octets[position - 1] + octets[position - len(key)]) & 0xFF])
    count = (effective_bits + 7) // 8
    octets[128 - count] = _PITABLE[octets[128 - count] & 0xFF >> 8 * count - effective_bits]
    for position in reversed(range(128 - count)):
        octets[position] = _PITABLE[octets[position + 1] ^ octets[position + count]]
    return struct.unpack("<64H", octets)


def _decrypt_block(schedule: tuple[int, ...], block: bytes) -> bytes:
    # RFC 2268 section 4: five, six and five mixing rounds in reverse, with a mashing round between them.
    a, b, c, d = struct.unpack("<4H", block)
    for step in reversed(range(16)):
        first, second, third, fourth = schedule[4 * step : 4 * step + 4]
        d = (d >> 5 | d << 11 & 0xFFFF) - fourth - (c & b) - (~c & a) & 0xFFFF
        c = (c >> 3 | c << 13 & 0xFFFF) - third - (b & a) - (~b & d) & 0xFFFF
        b = (b >> 2 | b << 14 & 0xFFFF) - second - (a & d) - (~a & c) & 0xFFFF
        a = (a >> 1 | a << 15 & 0xFFFF) - first - (d & c) - (~d & b) & 0xFFFF
        if step in (11, 5):
            d = d - schedule[c & 63] & 0xFFFF
            c = c - schedule[b & 63] & 0xFFFF
            b = b - schedule[a & 63] & 0xFFFF
            a = a - schedule[d & 63] & 0xFFFF
    return struct.pack("<4H", a, b, c, d)
