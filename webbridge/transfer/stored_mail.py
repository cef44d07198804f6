"""The messages in mbox files, Maildirs and .eml files, with the notes of the program that stored them.

mbox is read as mboxrd (`>From ` at the beginning of a line stands for `From `), with the notes of Thunderbird and of
old programs. A Maildir has subfolders as in Maildir++ (`.Archive.2025`), or as folders inside it, as `export` writes
them. A folder may contain other folders, also Thunderbird's `.sbd`. The messages that this module returns have CR LF
and no notes. Otherwise they are the same byte for byte, so signatures stay valid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Final

from sealwax.files.small import read_small
from smime_core.errors import LimitExceeded

MAX_MESSAGE_BYTES: Final = 256 * 1024 * 1024
"""Larger messages are left out."""

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
# Header fields with the notes of mail programs, which are no part of the message.
_NOTE: Final = re.compile(
    rb"^(?:Status|X-Status|X-Keywords|X-UID|X-Mozilla-Status2?|X-Mozilla-Keys)[ \t]*:([^\n]*)\n",
    re.IGNORECASE | re.MULTILINE,
)
_MAILDIR_FLAGS: Final = {"S": "\\Seen", "R": "\\Answered", "F": "\\Flagged", "D": "\\Draft"}
_MBOX_FLAGS: Final = {"R": "\\Seen", "A": "\\Answered", "F": "\\Flagged", "T": "\\Draft"}
# mozilla-central, nsMsgMessageFlags.idl
_MOZILLA_FLAGS: Final = {0x1: "\\Seen", 0x2: "\\Answered", 0x4: "\\Flagged"}
_MOZILLA_EXPUNGED: Final = 0x8
_FROM: Final = b"From "
_QUOTED_FROM: Final = re.compile(rb"^>(>*From )", re.MULTILINE)
_MESSAGE_ID: Final = re.compile(rb"^Message-ID[ \t]*:[ \t\r\n]*(<[!-;=?-~]{1,498}>)", re.IGNORECASE | re.MULTILINE)
_MAX_HEADER_BYTES: Final = 256 * 1024
_PIECE_BYTES: Final = 1024 * 1024
MAILDIR_PARTS: Final = frozenset({"cur", "new", "tmp"})
"""The folders that make a Maildir."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """A message as it was stored. `content` is None if the message is larger than MAX_MESSAGE_BYTES."""

    folder: tuple[str, ...]
    """The names of the message's folder and of the folders around it. () for the given folder."""
    content: bytes | None
    flags: tuple[str, ...]
    received: datetime | None
    place: str
    """The file of the message, for people."""

    @property
    def message_id(self) -> str | None:
        """The Message-ID in angle brackets, or None."""
        match = _MESSAGE_ID.search(_header_of(self.content or b""))
        return None if match is None else match[1].decode("ascii")


def read_stored(source: Path) -> Iterator[StoredMail]:
    """Yield the messages of an mbox file, a Maildir, an .eml file, or of all of these in a folder. Raises OSError."""
    yield from _read(source, ())


def _read(source: Path, folder: tuple[str, ...]) -> Iterator[StoredMail]:
    if is_maildir(source):
        yield from _read_maildir(source, folder)
    elif source.is_dir():
        for inside in sorted(source.iterdir()):
            yield from _read_inside(inside, folder)
    elif source.suffix.lower() == ".eml":
        yield from _read_file(source, folder, ())
    else:
        yield from _read_mbox(source, folder)


def _read_inside(inside: Path, folder: tuple[str, ...]) -> Iterator[StoredMail]:
    if inside.is_symlink() or inside.name.startswith("."):
        return
    if inside.is_dir():
        # Thunderbird keeps the folders inside `Work` in `Work.sbd`.
        yield from _read(inside, (*folder, inside.name.removesuffix(".sbd")))
    elif inside.suffix.lower() == ".eml" and inside.is_file():
        yield from _read(inside, folder)
    elif _is_mbox(inside):
        yield from _read(inside, (*folder, inside.name.removesuffix(".mbox")))


def is_maildir(source: Path) -> bool:
    """Whether this is a Maildir."""
    return (source / "cur").is_dir() and (source / "new").is_dir()


def _is_mbox(file: Path) -> bool:
    # Opening a pipe without a writer would wait.
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(len(_FROM)) == _FROM


def _read_maildir(maildir: Path, folder: tuple[str, ...]) -> Iterator[StoredMail]:
    for name in ("new", "cur"):
        for file in sorted((maildir / name).iterdir()):
            letters = file.name.partition(":2,")[2]
            if file.is_symlink() or not file.is_file() or "T" in letters:
                continue
            yield from _read_file(
                file, folder, tuple(flag for letter, flag in _MAILDIR_FLAGS.items() if letter in letters)
            )
    for inside in sorted(maildir.glob(".*")):
        if is_maildir(inside) and not inside.is_symlink():
            yield from _read_maildir(inside, (*folder, *inside.name[1:].split(".")))
    for inside in sorted(maildir.iterdir()):
        # Other files in a Maildir belong to the mail server.
        if inside.is_dir() and inside.name not in MAILDIR_PARTS:
            yield from _read_inside(inside, folder)


def _read_file(file: Path, folder: tuple[str, ...], flags: tuple[str, ...]) -> Iterator[StoredMail]:
    facts = file.stat()
    received = datetime.fromtimestamp(facts.st_mtime, UTC)
    try:
        content = _LINE_END.sub(b"\r\n", read_small(file, max_bytes=MAX_MESSAGE_BYTES))
    except LimitExceeded:
        content = None
    yield StoredMail(folder=folder, content=content, flags=flags, received=received, place=str(file))


def _read_mbox(file: Path, folder: tuple[str, ...]) -> Iterator[StoredMail]:
    with file.open("rb") as opened:
        if not opened.readline(_PIECE_BYTES).startswith(_FROM):
            raise OSError(f"{file} is no mbox file: its first line does not begin with From")
        opened.seek(0)
        for number, (first, content) in enumerate(_split(opened), start=1):
            mail = _read_noted(first, content, folder, f"{file}, message {number}")
            if mail is not None:
                yield mail


def _split(opened: IO[bytes]) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield the From line of each message, with the lines after it, or with None if these lines are too large."""
    first = opened.readline(_PIECE_BYTES)
    lines, size, was_empty = list[bytes](), 0, False
    # A line without an end must not fill the memory, so a long line is read in pieces.
    for line in iter(lambda: opened.readline(_PIECE_BYTES), b""):
        if was_empty and line.startswith(_FROM):
            yield first, _whole(lines, size)
            first, lines, size, was_empty = line, [], 0, False
            continue
        was_empty = line in (b"\n", b"\r\n")
        size += len(line)
        if size <= MAX_MESSAGE_BYTES:
            lines.append(line)
        else:
            lines.clear()
    yield first, _whole(lines, size)


def _whole(lines: list[bytes], size: int) -> bytes | None:
    if size > MAX_MESSAGE_BYTES:
        return None
    # The empty line before the next From line belongs to the mbox.
    return b"".join(lines[:-1] if lines and lines[-1] in (b"\n", b"\r\n") else lines)


def _read_noted(first: bytes, content: bytes | None, folder: tuple[str, ...], place: str) -> StoredMail | None:
    """The message without its notes, or None if it was deleted."""
    received = _date_of(first)
    if content is None:
        return StoredMail(folder=folder, content=None, flags=(), received=received, place=place)
    text = content.replace(b"\r\n", b"\n")
    header, gap, body = text.partition(b"\n\n")
    header = header + b"\n" if gap else header
    notes = _notes_of(header)
    if notes is None:
        return None
    bare = _NOTE.sub(b"", header) + (b"\n" + body if gap else b"")
    unquoted = _LINE_END.sub(b"\r\n", _QUOTED_FROM.sub(rb"\1", bare))
    return StoredMail(folder=folder, content=unquoted, flags=notes, received=received, place=place)


def _notes_of(header: bytes) -> tuple[str, ...] | None:
    """The flags, or None for a deleted message that is still in the file."""
    flags: dict[str, None] = {}
    for note in _NOTE.finditer(header):
        name, value = note[0].partition(b":")[0].strip().lower(), note[1].decode("ascii", "replace").strip()
        if name == b"x-mozilla-status":
            bits = int(value, 16) if re.fullmatch("[0-9a-fA-F]{1,8}", value) else 0
            if bits & _MOZILLA_EXPUNGED:
                return None
            flags |= dict.fromkeys(flag for bit, flag in _MOZILLA_FLAGS.items() if bits & bit)
        elif name in (b"status", b"x-status"):
            if name == b"x-status" and "D" in value:
                return None
            flags |= dict.fromkeys(flag for letter, flag in _MBOX_FLAGS.items() if letter in value)
    return tuple(flags)


def _date_of(first: bytes) -> datetime | None:
    """The date in a From line, `From sender Thu Nov 26 10:00:00 2026`, in UTC (RFC 4155)."""
    words = first.decode("ascii", "replace").split()
    try:
        date = parsedate_to_datetime(" ".join(words[-5:]))
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, IndexError, OverflowError):
        return None


def _header_of(content: bytes) -> bytes:
    head = content[:_MAX_HEADER_BYTES]
    return head.partition(b"\r\n\r\n")[0]
