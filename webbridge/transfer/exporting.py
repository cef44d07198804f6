"""The export of the folders of a mail server into files that other programs read: mbox files, or a Maildir.

Encrypted messages stay encrypted. Each file appears when it is whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import IO, Final

from sealwax.files.whole import new_whole
from smime_core.mime import clean_filename
from webbridge.gateway import Credentials, Folder, GatewayCode, GatewayError, ImapConnection, Mailbox, MessageSummary
from webbridge.gateway.wire import CallDeadline
from webbridge.transfer.stored_mail import MAILDIR_PARTS

_PAGE: Final = 200
_MAX_BYTES: Final = 1024 * 1024 * 1024
_PRIVATE_FOLDER: Final = 0o700
# The importer removes these suffixes from names. The file of a folder has the first suffix.
_SUFFIXES: Final = (".mbox", ".sbd")
_MUST_BE_QUOTED: Final = re.compile(rb">*From ")
_LETTERS: Final = {"\\Draft": "D", "\\Flagged": "F", "\\Answered": "R", "\\Seen": "S"}
_STATUS: Final = {"\\Answered": "A", "\\Flagged": "F", "\\Draft": "T"}


class Form(StrEnum):
    """The form of the files."""

    MBOX = "mbox"
    MAILDIR = "maildir"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The outcome of one folder."""

    folder: str
    place: Path
    count: int
    left_out: tuple[str, ...]


def export(credentials: Credentials, target: Path, form: Form, wanted: Iterable[str] = ()) -> Iterator[Exported]:
    """Write all or only the wanted folders below `target`. Raises GatewayError, or OSError if a file exists."""
    names = tuple(wanted)
    connection = ImapConnection.open(credentials)
    try:
        folders = connection.list_folders()
        if missing := set(names) - {folder.name for folder in folders}:
            text = f"There is no folder {sorted(missing)[0]!r}."
            raise GatewayError(GatewayCode.NO_SUCH_FOLDER, text)
        places = _places(folders)
        for folder in folders:
            if not names or folder.name in names:
                yield _Export(credentials, connection, form).write(folder, target / places[folder.name])
    finally:
        connection.close()


def _places(folders: Iterable[Folder]) -> dict[str, Path]:
    """Return a path for each folder. If names differ only in unsafe characters, their paths get numbers."""
    places: dict[str, Path] = {}
    taken = set[str]()
    for folder in folders:
        levels = folder.name.split(folder.delimiter) if folder.delimiter else [folder.name]
        # A file system that ignores case must not mix two folders.
        plain = Path(*(_part(level) for level in levels))
        place, number = plain, 1
        while str(place).casefold() in taken:
            number += 1
            place = plain.with_name(f"{plain.name} ({number})")
        taken.add(str(place).casefold())
        places[folder.name] = place
    return places


def _part(level: str) -> str:
    """The name of a folder on the disk. The importer cannot mistake the name for a Maildir or a suffix."""
    name = clean_filename(level, fallback="folder")
    plain = name.casefold()
    return f"{name}_" if plain in MAILDIR_PARTS or plain.endswith(_SUFFIXES) else name


class _Export:
    def __init__(self, credentials: Credentials, connection: ImapConnection, form: Form) -> None:
        self._seconds = credentials.account.server.timeout_seconds
        self._connection = connection
        self._form = form
        self._left_out: list[str] = []

    def write(self, folder: Folder, place: Path) -> Exported:
        """Write one folder."""
        place.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        write = self._write_mbox if self._form is Form.MBOX else self._write_maildir
        written, count = write(folder, place)
        return Exported(folder=folder.name, place=written, count=count, left_out=tuple(self._left_out))

    def _write_mbox(self, folder: Folder, place: Path) -> tuple[Path, int]:
        target = place.with_name(f"{place.name}.mbox")
        count = 0
        with _new_file(target) as file:
            for row, pieces in self._messages(folder):
                begun = file.tell()
                try:
                    _write_one(file, row, pieces())
                except GatewayError as error:
                    file.seek(begun)
                    file.truncate()
                    self._leave_out(row, error)
                else:
                    count += 1
        return target, count

    def _write_maildir(self, folder: Folder, place: Path) -> tuple[Path, int]:
        for name in ("tmp", "new", "cur"):
            (place / name).mkdir(mode=_PRIVATE_FOLDER, parents=True)
        count = 0
        for row, pieces in self._messages(folder):
            name = f"{folder.uid_validity}.{row.uid}.export:2,{_letters(row, _LETTERS)}"
            try:
                with _new_file(place / "cur" / name) as file:
                    for line in _lines(pieces()):
                        file.write(line)
            except GatewayError as error:
                self._leave_out(row, error)
            else:
                count += 1
        return place, count

    def _messages(self, folder: Folder) -> Iterator[tuple[MessageSummary, Callable[[], Iterator[bytes]]]]:
        """Yield each message, the newest first, with the function that requests its bytes."""
        # The list of folders is not used for the UIDVALIDITY, which may follow the clock until the folder is opened
        # (Courier).
        before: int | None = None
        uid_validity: int | None = None
        while True:
            self._begin()
            page = self._connection.list_messages(
                folder.name, before_uid=before, limit=_PAGE, uid_validity=uid_validity
            )
            uid_validity = page.uid_validity
            rows = [row for row in page.rows if before is None or row.uid < before]
            if not rows:
                return
            mailbox = Mailbox(folder.name, page.uid_validity)
            for row in rows:
                yield row, partial(self._read, mailbox, row)
            before = min(row.uid for row in rows)

    def _read(self, mailbox: Mailbox, row: MessageSummary) -> Iterator[bytes]:
        self._begin()
        yield from self._connection.open_raw(mailbox, row.uid, _MAX_BYTES).chunks

    def _begin(self) -> None:
        self._connection.begin_call(CallDeadline(self._seconds))

    def _leave_out(self, row: MessageSummary, error: GatewayError) -> None:
        if error.code is not GatewayCode.NO_SUCH_MESSAGE:
            raise error
        self._left_out.append(f"message {row.uid}: {error.message}")


@contextmanager
def _new_file(target: Path) -> Iterator[IO[bytes]]:
    """A new file that appears under its name when the block ends, and not at all after an error."""
    with new_whole(target) as draft, draft.open("r+b") as file:
        yield file


def _write_one(file: IO[bytes], row: MessageSummary, pieces: Iterator[bytes]) -> None:
    """Write one message as mboxrd, with its flags in the fields that Thunderbird and mutt read."""
    file.write(b"From MAILER-DAEMON %s\n" % _moment(row).strftime("%a %b %e %H:%M:%S %Y").encode())
    seen = "RO" if row.seen else "O"
    others = _letters(row, _STATUS)
    file.write(f"Status: {seen}\nX-Status: {others}\n".encode() if others else f"Status: {seen}\n".encode())
    for line in _lines(pieces):
        file.write(b">" + line if _MUST_BE_QUOTED.match(line) else line)
    file.write(b"\n")


def _letters(row: MessageSummary, letters: Mapping[str, str]) -> str:
    flags = {flag.casefold() for flag in row.flags}
    return "".join(letter for flag, letter in letters.items() if flag.casefold() in flags)


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The lines, each with LF at its end, also the last one."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line.removesuffix(b"\r") + b"\n" for line in lines)
    if rest:
        yield rest.removesuffix(b"\r") + b"\n"


def _moment(row: MessageSummary) -> datetime:
    try:
        return (row.date or datetime.now(UTC)).astimezone(UTC)
    except OverflowError:
        # The writer of a message chooses its date.
        return datetime.now(UTC)
