"""Write files by moving a temporary file: at any moment, even after a crash, a file has its old or its new content."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_NAME_CHARACTERS: Final = 50  # These are at most 200 bytes; the temporary file's name may have 255.
_GROUP_BITS: Final = 0o070
_OTHERS_BITS: Final = 0o007
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})


@contextlib.contextmanager
def open_whole(path: Path, mode: int, group: int | None = None) -> Iterator[BinaryIO]:
    """Yield a temporary file to write to. At the end it gets the name `path` and `mode`; after an error it is deleted.

    Until the end only its owner can read the file. If `group` is given, the file is given to that group. If that is
    impossible, its present group gets only the permissions that all other users have. Raises OSError.
    """
    # Imported here because the import takes milliseconds, and most commands write no file.
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
            # This uses the descriptor, because the owner of the folder may have put a link in the place of the draft.
            os.fchmod(file.fileno(), mode)
        Path(draft).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise


def mode_for_another_group(mode: int) -> int:
    """The mode for a file of another group. That group gets only the permissions that all other users have."""
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
    """Yield a temporary file for its owner only. At the end of the block it gets the name `path`, which must be free.

    If several processes do this at the same time, only one of them makes the file. Raises FileExistsError, also at the
    end, or OSError.
    """
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    with new_whole_among([path]) as new:
        yield new.path


@dataclass(slots=True)
class NewFile:
    """A new file, for its owner only. `path` is the temporary path, and after the end of the block the final path."""

    path: Path


@contextlib.contextmanager
def new_whole_among(paths: Iterable[Path]) -> Iterator[NewFile]:
    """Yield a new temporary file. At the end of the block it gets the first of `paths` that is free.

    `paths` are in one folder. Raises FileExistsError at the end if no path is free, or OSError.
    """
    import tempfile

    waiting = iter(paths)
    first = next(waiting)
    try:
        descriptor, draft = tempfile.mkstemp(dir=first.parent, prefix=f".{first.name[:_NAME_CHARACTERS]}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(first)) from error
    os.close(descriptor)
    new = NewFile(Path(draft))
    try:
        yield new
        with open(draft, "rb") as file:
            os.fsync(file.fileno())
        new.path = _name_first_free(Path(draft), [first], waiting)
    finally:
        with contextlib.suppress(OSError):
            Path(draft).unlink()


def _name_first_free(draft: Path, *paths: Iterable[Path]) -> Path:
    taken: OSError | None = None
    for path in itertools.chain(*paths):
        try:
            _give_name(draft, path)
        except FileExistsError as error:
            taken = OSError(error.errno, error.strerror, str(path))
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        else:
            return path
    raise taken or FileNotFoundError(errno.ENOENT, "no name for a file", str(draft))


def _give_name(draft: Path, path: Path) -> None:
    """Rename a draft to a name that must be free. Unlike `Path.replace`, this never replaces a file."""
    try:
        os.link(draft, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # The file systems of USB sticks have no hard links. An empty file first reserves the name, then the draft
        # replaces it.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            draft.replace(path)
        except BaseException:
            path.unlink()
            raise


def write_whole(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write all bytes of a file. Raises OSError."""
    with open_whole(path, mode) as file:
        file.write(data)
