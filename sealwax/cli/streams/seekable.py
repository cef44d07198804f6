"""Readable files whose position their readers may choose."""

from __future__ import annotations

import io


class SeekableFile(io.RawIOBase):
    """The base of files that are read from any position, `_position`. `_size` is the length in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(start + offset, 0)
        return self._position
