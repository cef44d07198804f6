"""Names of received files that are safe to create: the sender chose them.

A name here is no path, does not hide the file, and replaces no other file.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from smime_core.errors import MalformedMessage

_MAX_NAME_BYTES: Final = 200  # File systems allow 255. The number in a repeated name needs some of them.
_MAX_COPIES: Final = 1_000
_FORBIDDEN: Final = frozenset('/\\:*?"<>|')  # Separators, and the characters that Windows and its file systems refuse.
# Names of devices in Windows, with any ending.
_PORTS: Final = tuple(port + sign for port in ("com", "lpt") for sign in "0123456789¹²³")
_DEVICES: Final = frozenset(("con", "prn", "aux", "nul", "conin$", "conout$", *_PORTS))


def safe_name(name: str) -> str:
    """The name that a received file gets in the folder of the user, never empty."""
    text = unicodedata.normalize("NFC", name)
    text = "".join("_" if character in _FORBIDDEN or not character.isprintable() else character for character in text)
    # A dot at the beginning hides the file. Windows drops dots and spaces at the end.
    text = text.lstrip(". ").rstrip(". ")
    if text.partition(".")[0].rstrip().lower() in _DEVICES:
        text = f"_{text}"
    return _cut(text) or "file"


def free_names(folder: Path, name: str) -> Iterator[Path]:
    """Paths for a file of this name in the order of preference: `name.pdf`, `name (2).pdf`, and so on.

    Raises MalformedMessage when all are used up.
    """
    safe = PurePosixPath(safe_name(name))
    yield folder / safe
    for number in itertools.count(2):
        if number > _MAX_COPIES:
            raise MalformedMessage(f"the folder has {_MAX_COPIES} files of this name", where=str(safe))
        yield folder / f"{safe.stem} ({number}){safe.suffix}"


def _cut(text: str) -> str:
    encoded = text.encode()
    if len(encoded) <= _MAX_NAME_BYTES:
        return text
    suffix = PurePosixPath(text).suffix
    ending = suffix if len(suffix.encode()) <= 20 else ""
    head = encoded[: _MAX_NAME_BYTES - len(ending.encode())].decode(errors="ignore")
    return head.rstrip(". ") + ending
