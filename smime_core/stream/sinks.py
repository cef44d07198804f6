"""Targets for bytes: a binary file, or a sink with awaited writes, because a browser takes data at its own pace."""

from __future__ import annotations

import io
from typing import BinaryIO, Protocol, cast

from smime_core.asn1.der import Buffer


class Sink(Protocol):
    """A target whose writes are not awaited, such as a binary file."""

    def write(self, data: Buffer, /) -> object:
        """Consume all of `data` before returning, because the caller reuses the buffer."""


class StreamSink(Protocol):
    """A target whose writes are awaited, natively and in the browser."""

    async def write(self, data: Buffer, /) -> None:
        """Consume all of `data` before returning, because the caller reuses the buffer."""


class FileSink:
    """A `Sink` as a `StreamSink` that never suspends. If it is a seekable file, its bytes can be overwritten."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.is_seekable = isinstance(sink, io.IOBase) and sink.seekable()

    async def write(self, data: Buffer, /) -> None:
        """Consume all of `data` before returning."""
        self._sink.write(data)

    @property
    def position(self) -> int:
        """The position of the next byte in a seekable file."""
        return cast(BinaryIO, self._sink).tell()

    def overwrite(self, start: int, data: Buffer) -> None:
        """Overwrite the bytes from `start` on, then return to the end of the file."""
        file = cast(BinaryIO, self._sink)
        end = file.tell()
        file.seek(start)
        file.write(data)
        file.seek(end)
