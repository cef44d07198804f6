"""Files that are old or new at any moment, after a crash too: written beside their place, then moved into it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

_NAME_CHARACTERS: Final = 50  # up to 200 bytes of the 255 that the name of the unfinished file may have


@contextlib.contextmanager
def open_whole(path: Path, *, mode: int) -> Iterator[BinaryIO]:
    """A file to write to. It stands under its name, with this mode, when all went well, and else not at all.

    Until then only its owner can read it. Raises OSError.
    """
    try:
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:_NAME_CHARACTERS]}.")
    except OSError as error:
        # The name that the user knows, not the temporary one.
        raise OSError(error.errno, error.strerror, str(path)) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            # Else the move may reach the disk before the bytes do.
            os.fsync(file.fileno())
        Path(draft).chmod(mode)
        Path(draft).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write all bytes of a file. Raises OSError."""
    with open_whole(path, mode=mode) as file:
        file.write(data)
