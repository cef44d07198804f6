"""Sets of UIDs as IMAP writes them: `1:3,7` (RFC 9051 section 9, sequence-set).

With 12 bytes a server may claim that a folder has 4 billion messages. So a set is kept as ranges and never expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

from webbridge.gateway.door import UnreadableAnswer

MAX_UID = 2**32 - 1
MAX_SET_CHARACTERS = 7000  # RFC 7162 section 4: servers take command lines of 8,192 bytes.
Ranges: TypeAlias = "list[tuple[int, int]]"
"""Ranges of UIDs, each with both ends, in ascending order. No two ranges touch."""

_RANGE = re.compile(r"([0-9]{1,10})(?::([0-9]{1,10}))?")


def write_uids(uids: Iterable[int]) -> str:
    """Return the shortest set of these UIDs."""
    return write_ranges(join_ranges((uid, uid) for uid in uids))


def split_uids(uids: Iterable[int]) -> list[str]:
    """Split UIDs into sets, each of which is short enough for a command."""
    sets: list[str] = []
    for piece in write_uids(uids).split(","):
        if sets and len(sets[-1]) + len(piece) < MAX_SET_CHARACTERS:
            sets[-1] += "," + piece
        else:
            sets.append(piece)
    return sets


def write_ranges(ranges: Ranges) -> str:
    """Return a set of these ranges."""
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in ranges)


def read_ranges(text: bytes) -> Ranges:
    """Return the ranges of a server's set. Raises UnreadableAnswer for any other text."""
    pieces = []
    for piece in text.decode("latin-1").split(","):
        match = _RANGE.fullmatch(piece)
        if match is None:
            raise UnreadableAnswer
        ends = int(match[1]), int(match[2] or match[1])
        low, high = max(min(ends), 1), min(max(ends), MAX_UID)
        if low <= high:
            pieces.append((low, high))
    return join_ranges(pieces)


def read_in_order(text: bytes, *, limit: int) -> list[int]:
    """Return the UIDs of a set in its order. Raises UnreadableAnswer if there are more than `limit`."""
    uids: list[int] = []
    for piece in text.decode("latin-1").split(","):
        match = _RANGE.fullmatch(piece)
        ends = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 0 < min(ends) <= max(ends) <= MAX_UID or max(ends) - min(ends) + len(uids) >= limit:
            raise UnreadableAnswer
        uids += range(min(ends), max(ends) + 1)
    return uids


def join_ranges(pieces: Iterable[tuple[int, int]]) -> Ranges:
    """Return the ranges in ascending order. Ranges that overlap or touch are joined."""
    joined: Ranges = []
    for low, high in sorted(pieces):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(high, joined[-1][1])
        else:
            joined.append((low, high))
    return joined
