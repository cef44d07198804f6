"""A bar on the terminal while a large file is read; nothing where nobody is looking."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast


@contextlib.contextmanager
def show_progress(data: bytes | BinaryIO, what: str) -> Iterator[bytes | BinaryIO]:
    """`data` itself, a file so that reading it moves a bar on standard error when that is a terminal."""
    if isinstance(data, bytes) or not sys.stderr.isatty():
        yield data
        return
    # Imported here: it takes longer than to verify a mail.
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=data.seek(0, io.SEEK_END))

        def move(position: int) -> None:
            progress.update(task, completed=position)

        yield cast(BinaryIO, _WatchedFile(data, move))


class _WatchedFile(io.RawIOBase):
    """A file that tells how far it was read. What is read twice shows as a bar that starts again."""

    def __init__(self, file: BinaryIO, move: Callable[[int], None]) -> None:
        super().__init__()
        self._file = file
        self._move = move

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, room: bytearray | memoryview) -> int:  # type: ignore[override]
        count: int = self._file.readinto(room)  # type: ignore[attr-defined]
        self._move(self._file.tell())
        return count
