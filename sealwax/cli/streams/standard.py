"""The standard streams of the process, which may be closed, full or without a reader."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Final, TextIO

STANDARD_INPUT: Final = "standard input"
STANDARD_OUTPUT: Final = "standard output"


def open_standard_streams() -> None:
    """Replace closed standard streams, and make the others blocking.

    Python takes an empty non-blocking pipe for the end of the input, even if its writer continues later. Reading from a
    replaced standard input and writing to a replaced standard output fail with an OSError. A replaced standard error
    drops all text. Without a replacement, the next opened file would get the descriptor of the closed stream, and text
    for the stream would go into this file.
    """
    for descriptor, flags in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.set_blocking(descriptor, True)
        except OSError:
            # open() takes the lowest free descriptor, which is that of the closed stream.
            os.open(os.devnull, flags)
    # Python has None instead of a closed stream. The replacement stays open until the process ends.
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdin, io.TextIOWrapper):
        # People answer questions with one letter, but the terminal may send bytes in another charset than the locale's.
        sys.stdin.reconfigure(errors="surrogateescape")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names may contain any letters, but the terminal or the locale may have only ASCII.
        sys.stdout.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def naming_stream(name: str) -> Iterator[None]:
    """Add the stream's name to an OSError that names no file, unless the reading program has closed the pipe."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror or str(error), name) from error


def give_up_unwritten() -> None:
    """Drop unwritten output. Otherwise Python would report it at the end and change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _send_nowhere(stream)


def _send_nowhere(stream: TextIO) -> None:
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
