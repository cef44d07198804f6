"""The search for many needles at once: each word of eight bytes is looked at once, however many needles there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from tests.support.browser.residue.markers import Needle

_WORD_BYTES: Final = 8
# Wherever a needle of this length begins, one of its words is at a position that 8 divides.
MIN_NEEDLE_BYTES: Final = 2 * _WORD_BYTES - 1
_HASH_BITS: Final = 20
_SHIFT: Final = np.uint64(64 - _HASH_BITS)
# An odd number without a pattern: a word times this number has a hash in its highest bits.
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)


class Finder:
    """Finds needles in bytes. Each needle has at least `MIN_NEEDLE_BYTES` bytes."""

    def __init__(self, needles: Iterable[Needle]) -> None:
        self._by_word: dict[int, list[tuple[Needle, int]]] = {}
        self.longest = 0
        self.needles = tuple(needles)
        for needle in self.needles:
            if len(needle.octets) < MIN_NEEDLE_BYTES:
                raise ValueError(f"a needle of {len(needle.octets)} bytes is too short")
            self.longest = max(self.longest, len(needle.octets))
            for at in range(_WORD_BYTES):
                word = int.from_bytes(needle.octets[at : at + _WORD_BYTES], "little")
                if word == 0:
                    raise ValueError("a needle has zeros, of which memory is full")
                self._by_word.setdefault(word, []).append((needle, at))
        self._table = np.zeros(1 << _HASH_BITS, dtype=bool)
        self._table[_hashes(np.array(list(self._by_word), dtype="<u8"))] = True

    def find(self, octets: bytes) -> Iterator[tuple[Needle, int]]:
        """All needles in `octets` with their positions."""
        # Zeros let a needle at the very end have a whole word.
        padded = octets + bytes(-len(octets) % _WORD_BYTES)
        words = np.frombuffer(padded, dtype="<u8")
        possible = np.flatnonzero(self._table.take(_hashes(words)))
        for index in possible[words[possible] != 0].tolist():
            for needle, offset in self._by_word.get(int(words[index]), ()):
                at = index * _WORD_BYTES - offset
                if at >= 0 and octets.startswith(needle.octets, at):
                    yield needle, at


def _hashes(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    return (words * _MULTIPLIER >> _SHIFT).view(np.int64)
