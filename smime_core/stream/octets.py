"""Sequences of bytes that need not fit into memory: ranges of files, and views that decode while they are read.

Each sequence can be read again from its start. In the names of this package, such a reading is called a walk. Blocks
may be views into a buffer that is reused, so a block is valid until the next block is requested. A block of a file
stays valid until the second request after it, so that it can be hashed while the next block is read.
"""

from __future__ import annotations

import codecs
import copy
import io
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO, Final, Protocol, runtime_checkable

from smime_core.asn1.der import Buffer
from smime_core.errors import MalformedMessage
from smime_core.mime import to_crlf
from smime_core.stream.steady import BlockTags

BLOCK_BYTES: Final = 1_048_576  # Large enough to hide Python's overhead, small enough for the CPU's cache.


@runtime_checkable
class Octets(Protocol):
    """A sequence of bytes that is read in blocks, as often as needed."""

    def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The bytes from `start` on, in blocks that are not empty. Each is valid until the next one is requested."""

    async def length(self) -> int:
        """The number of bytes. It may be necessary to read all bytes to count them."""


class MemoryOctets:
    """Bytes that are in memory already."""

    def __init__(self, data: Buffer) -> None:
        self._data = memoryview(data)

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The bytes from `start` on, in blocks."""
        for offset in range(start, len(self._data), BLOCK_BYTES):
            yield self._data[offset : offset + BLOCK_BYTES]

    async def length(self) -> int:
        """The number of bytes."""
        return len(self._data)


class DerivedOctets(ABC):
    """Bytes that are made from other bytes during reading. Reading from a later byte makes all bytes before it, too."""

    _length: int | None = None

    @abstractmethod
    def make_blocks(self) -> AsyncIterator[memoryview]:
        """All blocks. Some may be empty; `blocks` leaves these out."""

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The bytes from `start` on, in blocks."""
        made = 0
        async for block in self.make_blocks():
            made += len(block)
            if start < len(block):
                yield block[start:]
            start = max(start - len(block), 0)
        self._length = made

    async def length(self) -> int:
        """The number of bytes. All bytes are made once to count them."""
        if self._length is None:
            await self.count(self.make_blocks())
        return self._length or 0

    async def count(self, blocks: AsyncIterator[memoryview]) -> None:
        """Set the length by reading all blocks."""
        self._length = sum([len(block) async for block in blocks])


class FileOctets:
    """The bytes of a seekable binary file from `first` up to `end`.

    With `tags`, each block must have the same bytes as at its first reading. Ranges of one file share the tags.
    """

    def __init__(self, file: BinaryIO, *, tags: BlockTags | None = None) -> None:
        self.file = file
        self.first = 0
        self.end = self._size = file.seek(0, io.SEEK_END)
        self._tags = tags

    def range(self, first: int, end: int) -> FileOctets:
        """The bytes from `first` up to `end`, both counted from the start of the file."""
        part = copy.copy(self)
        part.first, part.end = first, end
        return part

    async def blocks(self, start: int = 0) -> AsyncIterator[memoryview]:
        """The bytes from `start` on, in blocks.

        Raises MalformedMessage if the file has become shorter, SourceChanged if a block does not have its tag.
        """
        position = self.first + start
        # A tag covers a whole block, so reading begins at the start of the block.
        at = position - position % BLOCK_BYTES if self._tags is not None else position
        last = self._size if self._tags is not None else self.end
        size = min(BLOCK_BYTES, max(last - at, 0))
        buffer, other = memoryview(bytearray(size)), memoryview(bytearray(size))
        while position < self.end:
            count = self._read(at, buffer[: last - at])
            if self._tags is not None:
                await self._tags.check(at // BLOCK_BYTES, buffer[:count])
            yield buffer[position - at : min(count, self.end - at)]
            position = at = at + count
            buffer, other = other, buffer

    def _read(self, at: int, buffer: memoryview) -> int:
        """Fill `buffer` if the block gets a tag, else read at least one byte into it."""
        done = 0
        while done < len(buffer):
            # Other readers may have moved the file's position since the last block.
            self.file.seek(at + done)
            count = _read_into(self.file, buffer[done:])
            if not count:
                raise MalformedMessage("the file became shorter while it was read", where="file")
            done += count
            if self._tags is None:
                break
        return done

    async def length(self) -> int:
        """The number of bytes."""
        return self.end - self.first


class Utf8Octets(DerivedOctets):
    """Text in UTF-16 as UTF-8, without its byte order mark."""

    def __init__(self, octets: Octets, encoding: str) -> None:
        self._octets = octets
        self._encoding = encoding

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """The text in blocks."""
        decoder = codecs.getincrementaldecoder(self._encoding)("replace")
        mark = "\ufeff"
        async for block in self._octets.blocks():
            text, is_first = decoder.decode(bytes(block)), bool(mark)
            if text and is_first:
                text, mark = text.removeprefix(mark), ""
            yield memoryview(text.encode())
        yield memoryview(decoder.decode(b"", final=True).encode())


def starts_anywhere(octets: Octets) -> bool:
    """Whether reading can start at a later byte without cost. `DerivedOctets` must make all bytes before it."""
    if isinstance(octets, _SliceOctets):
        return starts_anywhere(octets.whole)
    return not isinstance(octets, DerivedOctets)


def slice_octets(octets: Octets, start: int, end: int | None = None) -> Octets:
    """The range from `start` up to `end`, or to the last byte if `end` is None."""
    if isinstance(octets, FileOctets):
        last = octets.end if end is None else min(octets.first + end, octets.end)
        return octets.range(octets.first + start, last)
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


class JoinedOctets(DerivedOctets):
    """Several sequences of bytes, one after the other."""

    def __init__(self, *parts: Octets) -> None:
        self._parts = parts

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """The blocks of each part in turn."""
        for part in self._parts:
            async for block in part.blocks():
                yield block

    async def length(self) -> int:
        """The total length."""
        return sum([await part.length() for part in self._parts])


class Transform(Protocol):
    """Decodes or encodes bytes that are fed in pieces, as `text.base64` and `mime.piecewise` do."""

    def feed(self, data: bytes, /) -> bytes:
        """The result so far."""

    def finish(self) -> bytes:
        """The rest of the result, at the end of the data."""


class TransformedOctets(DerivedOctets):
    """Bytes that were decoded or encoded. Each reading begins a new transform."""

    def __init__(self, octets: Octets, make_transform: Callable[[], Transform]) -> None:
        self._octets = octets
        self._make_transform = make_transform

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """The transformed bytes in blocks. Raises the errors of the transform."""
        transform = self._make_transform()
        async for block in self._octets.blocks():
            yield memoryview(transform.feed(bytes(block)))
        yield memoryview(transform.finish())


class CrlfOctets(DerivedOctets):
    """Text whose line ends, bare LF or CR, are converted to CRLF (RFC 8551 section 3.1.1)."""

    def __init__(self, text: Octets) -> None:
        self._text = text

    async def make_blocks(self) -> AsyncIterator[memoryview]:
        """The text in blocks. A CRLF stays as it is."""
        carriage_return = b""
        async for block in self._text.blocks():
            octets = carriage_return + bytes(block)
            # A CR at the end of a block may belong to an LF at the start of the next block.
            carriage_return = b"\r" if octets.endswith(b"\r") else b""
            yield memoryview(to_crlf(octets[: len(octets) - len(carriage_return)]))
        yield memoryview(to_crlf(carriage_return))


async def read_head(octets: Octets, length: int) -> bytes:
    """The first `length` bytes, or all if there are fewer."""
    head = bytearray()
    async for block in octets.blocks():
        head += block[: length - len(head)]
        if len(head) >= length:
            break
    return bytes(head)


def _read_into(file: BinaryIO, buffer: memoryview) -> int:
    # Returns the number of bytes read. A buffered file fills `buffer`; a raw file or a pipe may read less.
    readinto = getattr(file, "readinto", None)
    if readinto is not None:
        return readinto(buffer) or 0
    data = file.read(len(buffer))
    buffer[: len(data)] = data
    return len(data)
