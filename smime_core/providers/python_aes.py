"""AES (FIPS 197) where the browser lacks a key length: 192 bits in Chromium. CBC, counter, GCM and key wrap over it.

All blocks go through a round together: byte i of every block stands in one string, S-boxes are `bytes.translate` and
sums are XORs of long integers, which makes some megabytes a second where a loop over blocks makes a twentieth of it.
What is serial by nature (CBC encryption, CBC-MAC) stays slow. Not constant-time.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final

from smime_core.errors import DecryptionError

BLOCK: Final = 16  # bytes
_CHUNK_BLOCKS: Final = 16_384  # a quarter of a megabyte at a time bounds the memory
_WRAP_START: Final = b"\xa6" * 8  # RFC 3394 section 2.2.3.1
_GCM_REDUCTION: Final = 0xE1 << 120


def _double(octet: int) -> int:
    return octet << 1 ^ (0x11B if octet & 0x80 else 0)


def _make_s_box() -> bytes:
    # FIPS 197 section 5.1.1: the inverse in GF(2^8), found through the powers of 3, then the affine step.
    powers = [1]
    while len(powers) < 255:
        powers.append(powers[-1] ^ _double(powers[-1]))
    box = bytearray(256)
    for exponent, value in enumerate(powers):
        inverse = powers[-exponent % 255]
        box[value] = inverse ^ 0x63
        for shift in range(1, 5):
            box[value] ^= (inverse << shift | inverse >> 8 - shift) & 0xFF
    box[0] = 0x63
    return bytes(box)


def _times(factor: int, table: bytes) -> bytes:
    products = bytearray(256)
    for index, value in enumerate(table):
        for bit in range(4):
            if factor >> bit & 1:
                products[index] ^= value
            value = _double(value)
    return bytes(products)


_S_BOX: Final = _make_s_box()
_INVERSE_S_BOX: Final = bytes(_S_BOX.index(octet) for octet in range(256))
# One column of MixColumns with SubBytes before it, and of its inverse, which comes before InvSubBytes.
_MIX: Final = tuple(_times(factor, _S_BOX) for factor in (2, 3, 1, 1))
_UNMIX: Final = tuple(_times(factor, bytes(range(256))) for factor in (14, 11, 13, 9))


class PythonAes:
    """One key of 16, 24 or 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._round_keys = _expand_key(key)

    def encrypt_blocks(self, data: bytes) -> bytes:
        """Each block for itself."""
        return _by_chunks(data, self._encrypt_chunk)

    def decrypt_blocks(self, data: bytes) -> bytes:
        """Each block for itself."""
        return _by_chunks(data, self._decrypt_chunk)

    def encrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
        """CBC over whole blocks, without padding."""
        blocks, previous = [], int.from_bytes(iv, "big")
        for start in range(0, len(data), BLOCK):
            mixed = (previous ^ int.from_bytes(data[start : start + BLOCK], "big")).to_bytes(BLOCK, "big")
            blocks.append(self._encrypt_chunk(mixed))
            previous = int.from_bytes(blocks[-1], "big")
        return b"".join(blocks)

    def decrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
        """CBC over whole blocks, without padding."""
        return _xor(self.decrypt_blocks(data), (iv + data)[: len(data)])

    def apply_counter(self, counter: bytes, data: bytes, *, counter_bytes: int) -> bytes:
        """Counter mode both ways; the last `counter_bytes` of the block count and wrap around."""
        fixed, first = counter[:-counter_bytes], int.from_bytes(counter[-counter_bytes:], "big")
        bound = 1 << 8 * counter_bytes
        blocks = -(-len(data) // BLOCK)
        counters = b"".join(
            fixed + ((first + number) % bound).to_bytes(counter_bytes, "big") for number in range(blocks)
        )
        return _xor(self.encrypt_blocks(counters)[: len(data)], data)

    def encrypt_gcm(self, iv: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """Ciphertext and its 16-byte tag (SP 800-38D section 7.1)."""
        start = self._gcm_start(iv)
        ciphertext = self.apply_counter(_next(start), plaintext, counter_bytes=4)
        return ciphertext + self._gcm_tag(start, ciphertext, aad)

    def decrypt_gcm(self, iv: bytes, sealed: bytes, aad: bytes, *, tag_length: int) -> bytes:
        """Plaintext after the tag was checked (SP 800-38D section 7.2). Raises DecryptionError."""
        if len(sealed) < tag_length or not iv:
            raise DecryptionError
        ciphertext, tag = sealed[:-tag_length], sealed[-tag_length:]
        start = self._gcm_start(iv)
        if not hmac.compare_digest(self._gcm_tag(start, ciphertext, aad)[:tag_length], tag):
            raise DecryptionError
        return self.apply_counter(_next(start), ciphertext, counter_bytes=4)

    def wrap_key(self, cek: bytes) -> bytes:
        """AES key wrap (RFC 3394 section 2.2.1)."""
        register, words = _WRAP_START, [cek[start : start + 8] for start in range(0, len(cek), 8)]
        for step in range(6 * len(words)):
            index = step % len(words)
            block = self._encrypt_chunk(register + words[index])
            register, words[index] = _xor(block[:8], (step + 1).to_bytes(8, "big")), block[8:]
        return register + b"".join(words)

    def unwrap_key(self, wrapped: bytes) -> bytes:
        """The CEK (RFC 3394 section 2.2.2). Raises DecryptionError."""
        if len(wrapped) < 24 or len(wrapped) % 8:
            raise DecryptionError
        register, words = wrapped[:8], [wrapped[start : start + 8] for start in range(8, len(wrapped), 8)]
        for step in reversed(range(6 * len(words))):
            index = step % len(words)
            block = self._decrypt_chunk(_xor(register, (step + 1).to_bytes(8, "big")) + words[index])
            register, words[index] = block[:8], block[8:]
        if not hmac.compare_digest(register, _WRAP_START):
            raise DecryptionError
        return b"".join(words)

    def _encrypt_chunk(self, data: bytes) -> bytes:
        count = len(data) // BLOCK
        ones = int.from_bytes(b"\x01" * count, "big")
        columns = _add_round_key(_split(data), self._round_keys[0], ones)
        for round_key in self._round_keys[1:-1]:
            # ShiftRows is a choice of where each byte comes from (FIPS 197 section 5.1.2).
            shifted = [
                columns[(position + position % 4 * 4) % BLOCK].to_bytes(count, "big") for position in range(BLOCK)
            ]
            columns = _mix(shifted, _MIX, round_key, ones)
        shifted = [
            columns[(position + position % 4 * 4) % BLOCK].to_bytes(count, "big").translate(_S_BOX)
            for position in range(BLOCK)
        ]
        return _join(_add_round_key(shifted, self._round_keys[-1], ones), count)

    def _decrypt_chunk(self, data: bytes) -> bytes:
        count = len(data) // BLOCK
        ones = int.from_bytes(b"\x01" * count, "big")
        columns = _add_round_key(_split(data), self._round_keys[-1], ones)
        for round_key in self._round_keys[-2::-1]:
            shifted = [
                columns[(position - position % 4 * 4) % BLOCK].to_bytes(count, "big").translate(_INVERSE_S_BOX)
                for position in range(BLOCK)
            ]
            columns = _add_round_key(shifted, round_key, ones)
            if round_key is not self._round_keys[0]:
                columns = _mix([column.to_bytes(count, "big") for column in columns], _UNMIX, bytes(BLOCK), ones)
        return _join(columns, count)

    def _gcm_start(self, iv: bytes) -> bytes:
        # SP 800-38D section 7.1 step 2: 96-bit IVs stand in the counter block, others are hashed into it.
        if len(iv) == 12:
            return iv + b"\0\0\0\x01"
        return self._ghash(_pad(iv) + (8 * len(iv)).to_bytes(16, "big"))

    def _gcm_tag(self, start: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
        return _xor(self._ghash(_pad(aad) + _pad(ciphertext) + lengths), self._encrypt_chunk(start))

    def _ghash(self, data: bytes) -> bytes:
        tables = _multiples(int.from_bytes(self._encrypt_chunk(bytes(BLOCK)), "big"))
        total = 0
        for start in range(0, len(data), BLOCK):
            mixed = (total ^ int.from_bytes(data[start : start + BLOCK], "big")).to_bytes(BLOCK, "big")
            total = 0
            for table, octet in zip(tables, mixed, strict=True):
                total ^= table[octet]
        return total.to_bytes(BLOCK, "big")


def _expand_key(key: bytes) -> list[bytes]:
    # FIPS 197 section 5.2.
    length = len(key) // 4
    words = [key[start : start + 4] for start in range(0, len(key), 4)]
    round_constant = 1
    for index in range(length, 4 * (length + 7)):
        word = words[-1]
        if index % length == 0:
            word = (word[1:] + word[:1]).translate(_S_BOX)
            word = bytes([word[0] ^ round_constant]) + word[1:]
            round_constant = _double(round_constant)
        elif length > 6 and index % length == 4:
            word = word.translate(_S_BOX)
        words.append(_xor(words[index - length], word))
    joined = b"".join(words)
    return [joined[start : start + BLOCK] for start in range(0, len(joined), BLOCK)]


def _mix(shifted: list[bytes], tables: tuple[bytes, ...], round_key: bytes, ones: int) -> list[int]:
    products = [
        [int.from_bytes(column.translate(table), "big") for table in tables] if tables is _UNMIX else _mixed(column)
        for column in shifted
    ]
    mixed = []
    for position in range(BLOCK):
        base, row = position - position % 4, position % 4
        total = round_key[position] * ones
        for offset in range(4):
            total ^= products[base + (row + offset) % 4][offset]
        mixed.append(total)
    return mixed


def _mixed(column: bytes) -> list[int]:
    # The two last factors of MixColumns are both one.
    doubled, tripled, single = (int.from_bytes(column.translate(table), "big") for table in _MIX[:3])
    return [doubled, tripled, single, single]


def _add_round_key(columns: list[bytes], round_key: bytes, ones: int) -> list[int]:
    return [int.from_bytes(column, "big") ^ octet * ones for column, octet in zip(columns, round_key, strict=True)]


def _split(data: bytes) -> list[bytes]:
    return [data[position::BLOCK] for position in range(BLOCK)]


def _join(columns: list[int], count: int) -> bytes:
    data = bytearray(BLOCK * count)
    for position, column in enumerate(columns):
        data[position::BLOCK] = column.to_bytes(count, "big")
    return bytes(data)


def _by_chunks(data: bytes, transform: Callable[[bytes], bytes]) -> bytes:
    size = _CHUNK_BLOCKS * BLOCK
    return b"".join(transform(data[start : start + size]) for start in range(0, len(data), size))


def _multiples(hash_key: int) -> list[list[int]]:
    # For each byte of a block its 256 products with the hash key; bit 0 is the highest (SP 800-38D section 6.3).
    tables = []
    for _ in range(BLOCK):
        table = [0] * 256
        for bit in range(7, -1, -1):
            table[1 << bit] = hash_key
            hash_key = hash_key >> 1 ^ (_GCM_REDUCTION if hash_key & 1 else 0)
        for octet in range(1, 256):
            table[octet] = table[octet & octet - 1] ^ table[octet & -octet]
        tables.append(table)
    return tables


def _next(counter: bytes) -> bytes:
    return counter[:12] + ((int.from_bytes(counter[12:], "big") + 1) % 2**32).to_bytes(4, "big")


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")
