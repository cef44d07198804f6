"""The standard streams of the process, which may be closed, full or read by nobody when it starts."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Final, TextIO

STANDARD_INPUT: Final = "standard input"
STANDARD_OUTPUT: Final = "standard output"


def open_closed_streams() -> None:
    """Open each closed standard stream so that using it fails with an OSError; closed standard error takes anything.

    Otherwise the next file that is opened takes its descriptor, and gets what is meant for the stream.
    """
    for descriptor, flags in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free descriptor is taken, which is this one.
            os.open(os.devnull, flags)
    # Python leaves None where a stream was closed. What replaces it stays open until the process ends.
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names hold any letters, and a terminal or a locale perhaps only ASCII.
        sys.stdout.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def naming_stream(name: str) -> Iterator[None]:
    """Raise an OSError of the block that names no file with the stream's name, but for a reader that left."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror or str(error), name) from error


def give_up_unwritten() -> None:
    """Drop what the output streams cannot be rid of: Python would complain at its end, and change the exit code."""
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
