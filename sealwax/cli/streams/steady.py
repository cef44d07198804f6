"""A large input file that must not change as long as a verb has it open.

A verb may read its input for the content, for a verdict, and after each look-up. All these must use the same bytes.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from sealwax.cli.streams.seekable import SeekableFile
from smime_core.blocking import run
from smime_core.errors import MalformedMessage
from smime_core.provider import CryptoProvider
from smime_core.stream.octets import BLOCK_BYTES
from smime_core.stream.steady import BlockTags


class SteadyFile(SeekableFile):
    """The bytes of a seekable file, up to its length at the start.

    Reading raises SourceChanged for a block that has changed since its first reading.
    """

    def __init__(self, file: BinaryIO, provider: CryptoProvider) -> None:
        super().__init__(file.seek(0, io.SEEK_END))
        self._file = file
        self._tags = BlockTags(provider)
        # The number and the bytes of the block that was read last.
        self._index, self._block = -1, memoryview(b"")

    def readinto(self, room: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._position >= self._size:
            return 0
        index, start = divmod(self._position, BLOCK_BYTES)
        if index != self._index:
            self._index, self._block = index, memoryview(self._read(index))
        part = self._block[start : start + len(room)]
        room[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _read(self, index: int) -> bytearray:
        """The block of this number. Raises SourceChanged, or MalformedMessage if the file has become shorter."""
        block = bytearray(min(BLOCK_BYTES, self._size - index * BLOCK_BYTES))
        self._file.seek(index * BLOCK_BYTES)
        done = 0
        while done < len(block):
            count = self._file.readinto(memoryview(block)[done:])  # type: ignore[attr-defined]
            if not count:
                raise MalformedMessage("the file became shorter while it was read", where="file")
            done += count
        run(self._tags.check(index, block))
        return block
