"""Octets that need not fit into memory: stretches of files, and views that decode them on the way.

Each can be read again from its start. Blocks may be views into a buffer that is used again: a block is valid until the
next one is asked for. Those of a file are valid for one more, so that one can be hashed beside while the next is read.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO, Final, Protocol, runtime_checkable

from smime_core.base64_text import Base64Decoder, ExactBase64
from smime_core.der import Buffer
from smime_core.errors import MalformedMessage
from smime_core.mime import to_crlf

BLOCK_BYTES: Final = 1_048_576  # large enough that Python's share vanishes, small enough for the processor's cache


@runtime_checkable
class Octets(Protocol):
    """A sequence of octets that is read in blocks, as often as needed."""

    def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """Consecutive blocks from the octet `start` on, none empty; each is valid until the next is asked for."""

    async def length(self) -> int:
        """How many octets there are; they may have to be read for it."""


class MemoryOctets:
    """Octets that are in memory already."""

    def __init__(self, data: Buffer) -> None:
        self._data = memoryview(data)

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The octets from `start` on, in blocks."""
        for offset in range(start, len(self._data), BLOCK_BYTES):
            yield self._data[offset : offset + BLOCK_BYTES]

    async def length(self) -> int:
        """How many there are."""
        return len(self._data)


class DerivedOctets(ABC):
    """Octets that are made from others on the way: to start later, what comes before is made and dropped."""

    _length: int | None = None

    @abstractmethod
    def make_blocks(self) -> AsyncIterator[memoryview]:
        """All blocks; empty ones are left out by `blocks`."""

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The octets from `start` on, in blocks."""
        made = 0
        async for block in self.make_blocks():
            made += len(block)
            if start < len(block):
                yield block[start:]
            start = max(start - len(block), 0)
        self._length = made

    async def length(self) -> int:
        """How many there are: all are made for it, once."""
        if self._length is None:
            await self.count(self.make_blocks())
        return self._length or 0

    async def count(self, blocks: AsyncIterator[memoryview]) -> None:
        """Take the length from a walk through all blocks."""
        self._length = sum([len(block) async for block in blocks])


class FileOctets:
    """The octets of a seekable binary file from `first` up to `end`."""

    def __init__(self, file: BinaryIO, first: int = 0, end: int | None = None) -> None:
        self.file = file
        self.first = first
        self.end = file.seek(0, io.SEEK_END) if end is None else end

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The octets from `start` on, in blocks. Raises MalformedMessage when the file became shorter meanwhile."""
        size = min(BLOCK_BYTES, max(self.end - self.first - start, 0))
        buffer, other = memoryview(bytearray(size)), memoryview(bytearray(size))
        position = self.first + start
        while position < self.end:
            # Somebody else may have moved the file's position while the last block was looked at.
            self.file.seek(position)
            count = _read_into(self.file, buffer[: self.end - position])
            if not count:
                raise MalformedMessage("the file became shorter while it was read", where="file")
            position += count
            yield buffer[:count]
            buffer, other = other, buffer

    async def length(self) -> int:
        """How many there are."""
        return self.end - self.first


def starts_anywhere(octets: Octets) -> bool:
    """Whether to start later costs nothing: not where all that comes before has to be made."""
    if isinstance(octets, _SliceOctets):
        return starts_anywhere(octets.whole)
    return not isinstance(octets, DerivedOctets)


def slice_octets(octets: Octets, start: int, end: int | None = None) -> Octets:
    """The stretch from `start` up to `end`, to the last octet when there is none."""
    if isinstance(octets, FileOctets):
        last = octets.end if end is None else min(octets.first + end, octets.end)
        return FileOctets(octets.file, octets.first + start, last)
    return _SliceOctets(octets, start, end)


class _SliceOctets:
    def __init__(self, octets: Octets, start: int, end: int | None) -> None:
        self.whole = octets
        self._start = start
        self._end = end

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        if self._end is None:
            async for block in self.whole.blocks(self._start + start):
                yield block
            return
        remaining = self._end - self._start - start
        async for block in self.whole.blocks(self._start + start):
            if remaining <= 0:
                return
            yield block[:remaining]
            remaining -= len(block)

    async def length(self) -> int:
        return (await self.whole.length() if self._end is None else self._end) - self._start


class Base64Octets(DerivedOctets):
    """What base64 text says to a decoder of `base64_text`, the same that memory uses."""

    def __init__(self, text: Octets, make_decoder: Callable[[], Base64Decoder] = ExactBase64) -> None:
        self._text = text
        self._make_decoder = make_decoder

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """The decoded octets in blocks. Raises MalformedMessage for text that is no base64."""
        decoder = self._make_decoder()
        async for block in self._text.blocks():
            yield memoryview(decoder.feed(bytes(block)))
        yield memoryview(decoder.finish())


class CrlfOctets(DerivedOctets):
    """Text whose lines end in bare LF or CR, with CRLF in their place (RFC 8551 section 3.1.1)."""

    def __init__(self, text: Octets) -> None:
        self._text = text

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """The text in blocks; a CRLF that is there stays."""
        kept = b""
        async for block in self._text.blocks():
            octets = kept + bytes(block)
            # The LF to a CR at the end may be the first of the next block.
            kept = b"\r" if octets.endswith(b"\r") else b""
            yield memoryview(to_crlf(octets[: len(octets) - len(kept)]))
        yield memoryview(to_crlf(kept))


async def read_head(octets: Octets, length: int) -> bytes:
    """The first `length` octets, fewer when there are no more."""
    head = bytearray()
    async for block in octets.blocks():
        head += block[: length - len(head)]
        if len(head) >= length:
            break
    return bytes(head)


def _read_into(file: BinaryIO, room: memoryview) -> int:
    # A buffered reader fills the whole; a raw one and a pipe may give less.
    readinto = getattr(file, "readinto", None)
    if readinto is not None:
        return readinto(room) or 0
    data = file.read(len(room))
    room[: len(data)] = data
    return len(data)
