"""Files in and out: `-` for the standard streams, outputs whole or not there, text that a terminal can bear."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from smime_core.cli.standard_streams import STANDARD_INPUT, STANDARD_OUTPUT, naming_stream
from smime_core.der import Buffer
from smime_core.file_locks import lock_beside
from smime_core.limits import MAX_WHOLE_BYTES, check_limit
from smime_core.small_files import read_small
from smime_core.stream.sinks import Sink
from smime_core.whole_files import mode_for_another_group, open_whole

STANDARD_STREAM: Final = "-"
JSON_WANTED: Final = "smime_core.cli.json"
"""Where a click context notes that --json was given."""
PRIVATE_MODE: Final = 0o600
PUBLIC_MODE: Final = 0o644
_BRANCHES: Final = " │└─"
SMALL_INPUT_BYTES: Final = 4_194_304  # what is worked on in memory, in several copies


def read_input(name: str) -> bytes:
    """All bytes of a file or of standard input. Raises OSError or LimitExceeded."""
    if name != STANDARD_STREAM:
        return read_small(Path(name))
    with naming_stream(STANDARD_INPUT):
        data = sys.stdin.buffer.read(MAX_WHOLE_BYTES + 1)
    check_limit(f"bytes of {STANDARD_INPUT}", len(data), MAX_WHOLE_BYTES)
    return data


@contextlib.contextmanager
def open_input(name: str) -> Iterator[bytes | BinaryIO]:
    """The bytes of a small input; a seekable file for one that memory is not to hold. Raises OSError."""
    if name == STANDARD_STREAM:
        with _open_stream(sys.stdin.buffer, STANDARD_INPUT) as data:
            yield data
        return
    with Path(name).open("rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            with io.BufferedReader(file) as buffered, _open_stream(buffered, name) as data:
                yield data
        elif os.fstat(file.fileno()).st_size <= SMALL_INPUT_BYTES:
            yield file.readall()
        else:
            yield file


@contextlib.contextmanager
def _open_stream(stream: BinaryIO, name: str) -> Iterator[bytes | BinaryIO]:
    with naming_stream(name):
        head = stream.read(SMALL_INPUT_BYTES + 1)
    if len(head) <= SMALL_INPUT_BYTES:
        yield head
        return
    # Imported here: a small input needs no cipher of its own.
    from smime_core.cli.spool import Spool

    with contextlib.closing(Spool()) as spool:
        spool.fill(head, stream)
        yield cast(BinaryIO, spool)


def mode_like(name: str) -> int:
    """The mode for what is made of an input: it is readable by nobody who could not read that. Raises OSError."""
    if name == STANDARD_STREAM:
        with naming_stream(STANDARD_INPUT):
            found = os.fstat(0)
    else:
        found = Path(name).stat()
    # A pipe or a device says nothing about what comes out of it.
    if not stat.S_ISREG(found.st_mode):
        return PUBLIC_MODE
    mode = PUBLIC_MODE & stat.S_IMODE(found.st_mode)
    # A new file is the group's of whoever runs the command.
    return mode if found.st_gid == os.getegid() else mode_for_another_group(mode)


def write_output(name: str, data: bytes, *, mode: int = PUBLIC_MODE) -> None:
    """Write to a file, which appears whole or not at all, or to standard output. Raises OSError."""
    with open_output(name, mode=mode) as file:
        file.write(data)


@contextlib.contextmanager
def open_output(name: str, *, mode: int = PUBLIC_MODE) -> Iterator[Sink]:
    """Where to write: a file that stands under its name when all went well, or standard output. Raises OSError.

    The bytes stand in a temporary file beside the target, then move into place. A target that is no regular file (a
    pipe, a device) is written to as it is.
    """
    if name == STANDARD_STREAM:
        yield _Pipe(sys.stdout.buffer, STANDARD_OUTPUT)
        with naming_stream(STANDARD_OUTPUT):
            sys.stdout.buffer.flush()
        return
    target = Path(name)
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        with target.open("wb") as device:
            yield _Pipe(device, name)
            with naming_stream(name):
                device.flush()
        return
    # A link keeps pointing where it did: the file behind it is replaced.
    target = Path(os.path.realpath(target))
    group: int | None = None
    if target.exists():
        # Nobody gets to read in the place of a private file what could not be read before.
        found = target.stat()
        mode &= stat.S_IMODE(found.st_mode)
        group = found.st_gid
    try:
        # Others get no more than the user's mask lets them.
        with open_whole(target, mode=mode & ~_current_umask(), group=group) as file:
            yield file
    except OSError as error:
        if error.filename == str(target):
            error.filename = name
        raise


@contextlib.contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Between reading and saving no other process changes the file. Makes its folder. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock_beside(path):
        yield


class _Pipe:
    """A stream that is only written forward, even where the shell has put a file behind it."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name

    def write(self, data: Buffer, /) -> None:
        with naming_stream(self._name):
            self._stream.write(data)


def write_line(text: str) -> None:
    """One line for people on standard output. Raises OSError."""
    with naming_stream(STANDARD_OUTPUT):
        sys.stdout.write(printable(text) + "\n")


def write_tree_line(text: str) -> None:
    """One line of a drawn tree on standard output, its indentation kept."""
    rest = text.lstrip(_BRANCHES)
    with naming_stream(STANDARD_OUTPUT):
        sys.stdout.write(f"{text[: len(text) - len(rest)]}{printable(rest)}\n")


def write_error(text: str) -> None:
    """One line for people on standard error. Where nobody can read it, the exit code says it."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"sealwax: {printable(text)}\n")


def printable(text: str) -> str:
    """The text on one line, without what drives a terminal or turns its writing direction.

    Names and headers come from strangers: an escape sequence there could repaint a verdict.
    """
    flat = " ".join(text.split())
    return "".join(character if character.isprintable() else f"\\u{{{ord(character):x}}}" for character in flat)


def _current_umask() -> int:
    # The only portable way to read it is to set it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
