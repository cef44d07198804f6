"""The search for words in all that a browser has written into its profile, also in what it has compressed.

Besides the bytes of each file: values of SQLite databases, files of Firefox in mozLz4, blocks of LevelDB, and values in
Snappy. Caches that a browser compresses in other ways are read as they are.
"""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from tests.support.browser.residue.finder import Finder
from tests.support.browser.residue.markers import Needle, needles_for

MOZLZ4 = b"mozLz40\0"
SQLITE = b"SQLite format 3\0"
LEVELDB_MAGIC = bytes.fromhex("57fb808b247547db")
LEVELDB_FOOTER_BYTES = 48
SNAPPY_BLOCK = 1


class Marks:
    """Random words, each for one thing that a view shows."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}

    def __call__(self, thing: str) -> str:
        return self.words.setdefault(thing, f"q{secrets.token_hex(10)}")

    def found_in(self, profile: Path) -> set[tuple[str, str]]:
        """The things whose words are in the profile, each with the file in which it is."""
        needles = [it for thing, word in self.words.items() for it in needles_for(thing, [word.encode()])]
        return find_in_profile(profile, needles)


def find_in_profile(profile: Path, needles: Sequence[Needle]) -> set[tuple[str, str]]:
    """The secrets that are in the profile, each with the file in which it is."""
    finder = Finder(needles)
    traces = set()
    for path in sorted(profile.rglob("*")):
        if path.is_file() and not path.is_symlink():
            for piece in pieces_of(path):
                traces |= {(needle.secret, str(path.relative_to(profile))) for needle, _ in finder.find(piece)}
    return traces


def pieces_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and those that are compressed in it or split over its pages."""
    octets = path.read_bytes()
    yield octets
    if octets.startswith(MOZLZ4):
        yield lz4_block(octets[len(MOZLZ4) + 4 :])
    elif octets.startswith(SQLITE):
        yield from _sqlite_values(path)
    elif octets.endswith(LEVELDB_MAGIC):
        yield from _leveldb_blocks(octets)


def lz4_block(block: bytes) -> bytes:
    """The content of one LZ4 block."""
    out, at = bytearray(), 0
    while at < len(block):
        token, at = block[at], at + 1
        literals, at = _lz4_length(block, at, token >> 4)
        out += block[at : at + literals]
        at += literals
        if at >= len(block):
            break
        offset, at = int.from_bytes(block[at : at + 2], "little"), at + 2
        length, at = _lz4_length(block, at, token & 15)
        _repeat(out, offset, length + 4)
    return bytes(out)


def snappy(octets: bytes) -> bytes:
    """The content of raw Snappy. Raises ValueError or IndexError for other bytes."""
    size, at = _varint(octets, 0)
    out = bytearray()
    while at < len(octets):
        tag, at = octets[at], at + 1
        kind, length = tag & 3, tag >> 2
        if kind == 0:
            if length >= 60:
                count = length - 59
                length, at = int.from_bytes(octets[at : at + count], "little"), at + count
            out += octets[at : at + length + 1]
            at += length + 1
            continue
        if kind == 1:
            offset, length, at = (tag >> 5 << 8) + octets[at], (length & 7) + 3, at + 1
        else:
            width = 2 if kind == 2 else 4
            offset, at = int.from_bytes(octets[at : at + width], "little"), at + width
        _repeat(out, offset, length + 1)
    if len(out) != size:
        raise ValueError("no Snappy")
    return bytes(out)


def _lz4_length(block: bytes, at: int, length: int) -> tuple[int, int]:
    more = 255 if length == 15 else 0
    while more == 255:
        more, at = block[at], at + 1
        length += more
    return length, at


def _repeat(out: bytearray, offset: int, length: int) -> None:
    if not 0 < offset <= len(out):
        raise ValueError("an offset before the start")
    for _ in range(length):
        out.append(out[-offset])


def _varint(octets: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while octets[at] & 0x80:
        value, shift, at = value | (octets[at] & 0x7F) << shift, shift + 7, at + 1
    return value | octets[at] << shift, at + 1


def _leveldb_blocks(octets: bytes) -> Iterator[bytes]:
    footer = octets[-LEVELDB_FOOTER_BYTES:]
    at = 0
    for _ in range(2):
        _, at = _varint(footer, at)
    start, at = _varint(footer, at)
    size, at = _varint(footer, at)
    index = _leveldb_block(octets, start, size)
    yield index
    ends = len(index) - 4 - 4 * int.from_bytes(index[-4:], "little")
    at = 0
    while at < ends:
        _, at = _varint(index, at)
        key, at = _varint(index, at)
        value, at = _varint(index, at)
        start, after = _varint(index, at + key)
        yield _leveldb_block(octets, start, _varint(index, after)[0])
        at += key + value


def _leveldb_block(octets: bytes, start: int, size: int) -> bytes:
    block = octets[start : start + size]
    return snappy(block) if octets[start + size] == SNAPPY_BLOCK else block


def _sqlite_values(path: Path) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        for part in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
            if part.exists():
                shutil.copy(part, folder)
        with closing(sqlite3.connect(Path(folder) / path.name)) as database:
            database.text_factory = bytes
            names = [row[0].decode() for row in database.execute("select name from sqlite_master where type = 'table'")]
            for name in names:
                # Some tables need a tokenizer or a module of the browser.
                with suppress(sqlite3.Error):
                    for row in database.execute(f'select * from "{name}"'):  # noqa: S608 - a table of the browser's
                        yield from _decoded(value for value in row if isinstance(value, bytes))


def _decoded(values: Iterator[bytes]) -> Iterator[bytes]:
    for value in values:
        yield value
        # Firefox keeps structured clones in IndexedDB so.
        with suppress(ValueError, IndexError):
            yield snappy(value)
