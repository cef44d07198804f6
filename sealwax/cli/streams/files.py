"""Read and write files: `-` is a standard stream, an output is complete or absent, and text is safe for a terminal."""

from __future__ import annotations

import contextlib
import io
import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from sealwax.cli.streams.standard import STANDARD_INPUT, STANDARD_OUTPUT, naming_stream
from sealwax.files.locks import lock_beside
from sealwax.files.small import read_small
from sealwax.files.whole import mode_for_another_group, open_whole
from smime_core.asn1 import Buffer
from smime_core.limits import MAX_WHOLE_BYTES, check_limit

if TYPE_CHECKING:
    from smime_core.stream.sinks import Sink

STANDARD_STREAM: Final = "-"
JSON_WANTED: Final = "sealwax.cli.json"
"""The key under which a click context notes that --json was given."""
PRIVATE_MODE: Final = 0o600
PUBLIC_MODE: Final = 0o644
_BRANCHES: Final = " │└─"
SMALL_INPUT_BYTES: Final = 4_194_304  # Inputs up to this size are processed in memory, in several copies.


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
    """The bytes of a small input, or a seekable file if it is too large for memory. Raises OSError.

    Reading the file raises SourceChanged if somebody changes it meanwhile.
    """
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
            yield _steady(file)


def _steady(file: BinaryIO) -> BinaryIO:
    # Imported here because a small input needs no cipher.
    from sealwax.cli.streams.steady import SteadyFile
    from smime_core.providers.native import NativeProvider

    return cast(BinaryIO, SteadyFile(file, NativeProvider()))


@contextlib.contextmanager
def _open_stream(stream: BinaryIO, name: str) -> Iterator[bytes | BinaryIO]:
    with naming_stream(name):
        head = stream.read(SMALL_INPUT_BYTES + 1)
    if len(head) <= SMALL_INPUT_BYTES:
        yield head
        return
    # Imported here because a small input needs no cipher.
    from sealwax.cli.streams.spool import Spool

    with contextlib.closing(Spool()) as spool:
        spool.fill(head, stream)
        yield cast(BinaryIO, spool)


def mode_like(name: str) -> int:
    """The mode for an output file, so that only people who can read the input can read it. Raises OSError."""
    if name == STANDARD_STREAM:
        with naming_stream(STANDARD_INPUT):
            status = os.fstat(0)
    else:
        status = Path(name).stat()
    # The mode of a pipe or a device says nothing about its content.
    if not stat.S_ISREG(status.st_mode):
        return PUBLIC_MODE
    mode = PUBLIC_MODE & stat.S_IMODE(status.st_mode)
    # A new file belongs to the user's group, so the mode for the input's group may not fit.
    return mode if status.st_gid == os.getegid() else mode_for_another_group(mode)


def write_output(name: str, data: bytes, mode: int = PUBLIC_MODE) -> None:
    """Write to a file, which appears whole or not at all, or to standard output. Raises OSError."""
    with open_output(name, mode) as file:
        file.write(data)


@contextlib.contextmanager
def open_output(name: str, mode: int = PUBLIC_MODE) -> Iterator[Sink]:
    """A sink for a file, which gets its name only if there is no error, or for standard output. Raises OSError.

    The bytes go to a temporary file in the same folder, which is then moved into place. A target that is no regular
    file (a pipe, a device) is written to directly.
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
    # A symbolic link stays: the file to which it points is replaced.
    target = Path(os.path.realpath(target))
    group: int | None = None
    if target.exists():
        # An existing private file keeps its mode, so that nobody else can read the new content.
        status = target.stat()
        mode &= stat.S_IMODE(status.st_mode)
        group = status.st_gid
    try:
        # open_whole sets the mode explicitly, so the umask is applied here.
        with open_whole(target, mode & ~_current_umask(), group) as file:
            yield file
    except OSError as error:
        if error.filename == str(target):
            error.filename = name
        raise


@contextlib.contextmanager
def lock_file(path: Path) -> Iterator[None]:
    """Lock the file for other processes, from reading it until saving it. Creates its folder. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock_beside(path):
        yield


class _Pipe:
    """A sink that writes to a stream and never seeks in it, even if the shell redirects the stream to a file."""

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


def flush_output() -> None:
    """Write all buffered text to standard output. Raises OSError."""
    with naming_stream(STANDARD_OUTPUT):
        sys.stdout.flush()


def write_json(value: Mapping[str, Any]) -> None:
    """One JSON object on standard output. Raises OSError."""
    write_output(STANDARD_STREAM, (json.dumps(value, indent=2) + "\n").encode("ascii"))


def write_tree_line(text: str) -> None:
    """One line of a drawn tree on standard output, its indentation kept."""
    rest = text.lstrip(_BRANCHES)
    with naming_stream(STANDARD_OUTPUT):
        sys.stdout.write(f"{text[: len(text) - len(rest)]}{printable(rest)}\n")


def write_error(text: str) -> None:
    """One line for people on standard error. If it cannot be written, only the exit code reports the error."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"sealwax: {printable(text)}\n")


def printable(text: str) -> str:
    """The text on one line, without characters that control a terminal or turn its writing direction.

    Names and headers come from strangers. An escape sequence in them could overwrite a verdict on the screen.
    """
    flat = " ".join(text.split())
    return "".join(character if character.isprintable() else f"\\u{{{ord(character):x}}}" for character in flat)


def _current_umask() -> int:
    # The only portable way to read the umask is to set it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
