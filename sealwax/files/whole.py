"""Write files by moving a temporary file: at any moment, also after a crash, a file has its old or its new content."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

_NAME_CHARACTERS: Final = 50  # At most 200 bytes; the temporary file's name may have 255.
_GROUP_BITS: Final = 0o070
_OTHERS_BITS: Final = 0o007


@contextlib.contextmanager
def open_whole(path: Path, mode: int, group: int | None = None) -> Iterator[BinaryIO]:
    """A file to write to, under a temporary name. It gets its name and mode at the end, or is deleted after an error.

    Until then only its owner can read it. If `group` is given, the file is given to that group. If that is impossible,
    its present group gets only the permissions that all others have. Raises OSError.
    """
    # Most commands write no file, and would pay milliseconds at their start for this import.
    import tempfile

    try:
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:_NAME_CHARACTERS]}.")
    except OSError as error:
        # The error names the file that the user knows, not the temporary one.
        raise OSError(error.errno, error.strerror, str(path)) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            # Without fsync the move may reach the disk before the bytes do.
            os.fsync(file.fileno())
            if group is not None and not _give_to_group(file.fileno(), group):
                mode = mode_for_another_group(mode)
            # By its descriptor, because the owner of the folder may have put a link in the place of the draft.
            os.fchmod(file.fileno(), mode)
        Path(draft).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise


def mode_for_another_group(mode: int) -> int:
    """The mode for a file of another group: its group gets only the permissions that all others have."""
    return mode & (~_GROUP_BITS | (mode & _OTHERS_BITS) << 3)


def _give_to_group(descriptor: int, group: int) -> bool:
    if os.fstat(descriptor).st_gid == group:
        return True
    try:
        os.fchown(descriptor, -1, group)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def new_whole(path: Path) -> Iterator[Path]:
    """A draft beside a file that must not exist, for its owner only. It gets the file's name at the end of the block.

    Several processes may do this at the same time: one of them makes the file. Raises FileExistsError, also at the end,
    or OSError.
    """
    import tempfile

    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    try:
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:_NAME_CHARACTERS]}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    os.close(descriptor)
    try:
        yield Path(draft)
        with open(draft, "rb") as file:
            os.fsync(file.fileno())
        try:
            # Unlike a move, a link never replaces a file.
            os.link(draft, path)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            Path(draft).unlink()


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write all bytes of a file. Raises OSError."""
    with open_whole(path, mode) as file:
        file.write(data)
