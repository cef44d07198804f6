"""Files in and out: `-` for the standard streams, outputs whole or not there, text that a terminal can bear."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

STANDARD_STREAM: Final = "-"
PRIVATE_MODE: Final = 0o600
PUBLIC_MODE: Final = 0o644


def read_input(name: str) -> bytes:
    """All bytes of a file or of standard input. Raises OSError."""
    if name == STANDARD_STREAM:
        return sys.stdin.buffer.read()
    return Path(name).read_bytes()


def write_output(name: str, data: bytes, *, mode: int = PUBLIC_MODE) -> None:
    """Write to a file, which appears whole or not at all, or to standard output. Raises OSError.

    The bytes stand in a temporary file beside the target, then move into place. A target that is no regular file (a
    pipe, a device) is written to as it is.
    """
    if name == STANDARD_STREAM:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    target = Path(name)
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        target.write_bytes(data)
        return
    # A link keeps pointing where it did: the file behind it is replaced.
    target = target.resolve()
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
    except OSError as error:
        # The name that the user gave, not the temporary one.
        raise OSError(error.errno, error.strerror, name) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp made the file private; others get no more than the user's mask lets them.
        Path(temporary).chmod(mode & ~_current_umask())
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def write_line(text: str) -> None:
    """One line for people on standard output."""
    sys.stdout.write(printable(text) + "\n")


def write_error(text: str) -> None:
    """One line for people on standard error."""
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
