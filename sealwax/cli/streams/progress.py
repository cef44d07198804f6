"""A progress bar on the terminal, shown while a large file is read, or a parcel is sent or received."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextlib.contextmanager
def show_progress(data: bytes | BinaryIO, task_name: str) -> Iterator[bytes | BinaryIO]:
    """Yields `data`. If it is a file and standard error is a terminal, reading it moves a bar."""
    if isinstance(data, bytes) or not sys.stderr.isatty():
        yield data
        return
    with _show_bar(task_name, data.seek(0, io.SEEK_END)) as (progress, task):

        def move(position: int) -> None:
            progress.update(task, completed=position)

        yield cast(BinaryIO, _WatchedFile(data, move))


@contextlib.contextmanager
def show_steps(task_name: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
    """Yields a function that moves a bar by a number of bytes, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with _show_bar(task_name, total_bytes) as (progress, task):
        yield functools.partial(progress.advance, task)


@contextlib.contextmanager
def _show_bar(task_name: str, total_bytes: int) -> Iterator[tuple[Progress, TaskID]]:
    # Imported here because rich takes longer to import than verifying a mail.
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield progress, progress.add_task(task_name, total=total_bytes)


class _WatchedFile(io.RawIOBase):
    """A file that reports how far it was read. If it is read a second time, the bar starts again."""

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
