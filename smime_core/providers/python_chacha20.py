"""ChaCha20-Poly1305 (RFC 8439) for browsers without it: Firefox.

All blocks of a chunk go through a round together: one word of every block stands in one long integer, a lane of 64
bits each, whose upper half takes the carries. That makes some megabytes a second. No branch depends on secrets.
"""

from __future__ import annotations

import hmac
from typing import Final

from smime_core.errors import DecryptionError

_BLOCK: Final = 64  # bytes
_CHUNK_BLOCKS: Final = 4_096
_LANE: Final = 8  # bytes
_CONSTANTS: Final = b"expand 32-byte k"
_TAG_LENGTH: Final = 16
# RFC 8439 section 2.3: a round over the columns, then one over the diagonals.
_QUARTERS: Final = (
    (0, 4, 8, 12),
    (1, 5, 9, 13),
    (2, 6, 10, 14),
    (3, 7, 11, 15),
    (0, 5, 10, 15),
    (1, 6, 11, 12),
    (2, 7, 8, 13),
    (3, 4, 9, 14),
)
_POLY_PRIME: Final = 2**130 - 5
_POLY_CLAMP: Final = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF


def encrypt_chacha20_poly1305(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Ciphertext and its 16-byte tag (RFC 8439 section 2.8)."""
    ciphertext = _apply_stream(key, nonce, plaintext)
    return ciphertext + _tag(key, nonce, ciphertext, aad)


def decrypt_chacha20_poly1305(key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
    """Plaintext after the tag was checked (RFC 8439 section 2.8). Raises DecryptionError."""
    if len(nonce) != 12 or len(sealed) < _TAG_LENGTH:
        raise DecryptionError
    ciphertext, tag = sealed[:-_TAG_LENGTH], sealed[-_TAG_LENGTH:]
    if not hmac.compare_digest(_tag(key, nonce, ciphertext, aad), tag):
        raise DecryptionError
    return _apply_stream(key, nonce, ciphertext)


def _apply_stream(key: bytes, nonce: bytes, data: bytes) -> bytes:
    size = _CHUNK_BLOCKS * _BLOCK
    pieces = []
    for start in range(0, len(data), size):
        piece = data[start : start + size]
        stream = _stream(key, nonce, counter=1 + start // _BLOCK, blocks=-(-len(piece) // _BLOCK))[: len(piece)]
        mixed = int.from_bytes(stream, "little") ^ int.from_bytes(piece, "little")
        pieces.append(mixed.to_bytes(len(piece), "little"))
    return b"".join(pieces)


def _stream(key: bytes, nonce: bytes, *, counter: int, blocks: int) -> bytes:
    ones = int.from_bytes(b"\x01\0\0\0\0\0\0\0" * blocks, "little")
    mask = 0xFFFFFFFF * ones
    counters = b"".join(number.to_bytes(_LANE, "little") for number in range(counter, counter + blocks))
    fixed = [*_words(_CONSTANTS + key), 0, *_words(nonce)]
    start = [word * ones for word in fixed]
    start[12] = int.from_bytes(counters, "little") & mask
    state = start.copy()
    for _ in range(10):
        for a, b, c, d in _QUARTERS:
            for first, second, third, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                state[first] = state[first] + state[second] & mask
                word = state[third] ^ state[first]
                # What leaves a lane on either side is masked away.
                state[third] = (word << bits | word >> 32 - bits) & mask
    stream = bytearray(_BLOCK * blocks)
    view = memoryview(stream).cast("I")
    for index, (word, first) in enumerate(zip(state, start, strict=True)):
        lanes = (word + first & mask).to_bytes(_LANE * blocks, "little")
        view[index::16] = memoryview(lanes).cast("I")[::2]
    return bytes(stream)


def _tag(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    # RFC 8439 sections 2.5 and 2.6: the first block of the stream makes the one-time key.
    one_time = _stream(key, nonce, counter=0, blocks=1)[:32]
    multiplier = int.from_bytes(one_time[:16], "little") & _POLY_CLAMP
    lengths = len(aad).to_bytes(8, "little") + len(ciphertext).to_bytes(8, "little")
    data = b"".join((aad, bytes(-len(aad) % 16), ciphertext, bytes(-len(ciphertext) % 16), lengths))
    total = 0
    for start in range(0, len(data), 16):
        total = (total + int.from_bytes(data[start : start + 16], "little") + (1 << 128)) * multiplier % _POLY_PRIME
    return (total + int.from_bytes(one_time[16:], "little") & (1 << 128) - 1).to_bytes(_TAG_LENGTH, "little")


def _words(octets: bytes) -> list[int]:
    return [int.from_bytes(octets[start : start + 4], "little") for start in range(0, len(octets), 4)]
