"""Where octets go: something that is awaited, since a browser takes them as fast as its reader, or a binary file."""

from __future__ import annotations

import io
from typing import BinaryIO, Protocol, cast

from smime_core.der import Buffer


class Sink(Protocol):
    """Where octets go when nothing suspends; binary files are such."""

    def write(self, data: Buffer, /) -> object:
        """Take all of `data` before returning; the buffer is used again afterwards."""


class StreamSink(Protocol):
    """Where the octets of a stream go, natively and in the browser."""

    async def write(self, data: Buffer, /) -> None:
        """Take all of `data` before returning; the buffer is used again afterwards."""


class FileSink:
    """A `Sink`, awaited without ever suspending. One over a seekable file can write again what it has written."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.is_seekable = isinstance(sink, io.IOBase) and sink.seekable()

    async def write(self, data: Buffer, /) -> None:
        """Take all of `data` before returning."""
        self._sink.write(data)

    @property
    def position(self) -> int:
        """Where the next octet goes in a seekable file."""
        return cast(BinaryIO, self._sink).tell()

    def overwrite(self, start: int, data: Buffer) -> None:
        """Put other octets in the place of those from `start` on, and go on behind the last one."""
        file = cast(BinaryIO, self._sink)
        end = file.tell()
        file.seek(start)
        file.write(data)
        file.seek(end)
