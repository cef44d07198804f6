"""The files of a parcel, read from the disk chunk by chunk. A file must not change while it is sent."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

from smime_core.asn1 import Buffer
from smime_core.errors import MalformedMessage
from smime_core.parcels import CHUNK_BYTES, check_file_name, chunk_lengths


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file on the disk, or the `content` of a written message. `stamp` shows whether the file has changed."""

    name: str
    size_bytes: int
    stamp: str = field(repr=False)
    path: Path | None = None
    content: bytes = field(default=b"", repr=False)

    def read_chunks(self, first: int) -> Iterator[Buffer]:
        """The contents of the chunks from number `first` on. Raises OSError, or MalformedMessage for a changed file."""
        if self.path is None:
            for start in range(first * CHUNK_BYTES, self.size_bytes, CHUNK_BYTES):
                yield self.content[start : start + CHUNK_BYTES]
            return
        with self.path.open("rb", buffering=0) as file:
            file.seek(first * CHUNK_BYTES)
            for length in chunk_lengths(self.size_bytes)[first:]:
                yield _read_exactly(file, length, self)
            if _stamp_of(os.fstat(file.fileno())) != self.stamp:
                raise self.has_changed()

    def has_changed(self) -> MalformedMessage:
        """The error for a file that was written to while it was read."""
        return MalformedMessage("the file has changed while it was sent: send it again", where=str(self.path))


def outgoing_file(path: Path) -> OutgoingFile:
    """A file to send. Raises OSError, or MalformedMessage if it is no regular file or no parcel allows its name."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise MalformedMessage("this is no file: put the files of a folder into an archive", where=str(path))
    check_file_name(path.name)
    return OutgoingFile(name=path.name, size_bytes=status.st_size, stamp=_stamp_of(status), path=path)


def outgoing_message(name: str, content: bytes, stamp: str) -> OutgoingFile:
    """A written message. `stamp` is its text, because each new attempt gives it another Message-ID and date."""
    return OutgoingFile(name=name, size_bytes=len(content), stamp=stamp, content=content)


def _stamp_of(status: os.stat_result) -> str:
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"


def _read_exactly(file: FileIO, length: int, outgoing: OutgoingFile) -> bytearray:
    data = bytearray(length)
    have = 0
    while have < length:
        count = file.readinto(memoryview(data)[have:])
        if not count:
            raise outgoing.has_changed()
        have += count
    return data
