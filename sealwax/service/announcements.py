"""Short messages from one process of a service to the others, by PostgreSQL's NOTIFY or a file beside SQLite's.

An announcement may be lost, so a receiver also looks for changes itself, but less often. An announcement names nobody:
its subject is an id or a hash. The first line of the file is random, so that a receiver can tell a new file from a file
that has grown.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from sealwax.service.database import Database, DatabaseUnavailable

POLL_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 5.0
MAX_FILE_BYTES: Final = 256 * 1024
_MAX_WORD_BYTES: Final = 4000  # PostgreSQL accepts 8,000. The id of a folder has up to 2,700.
_CHANNEL: Final = "sealwax"
_PRIVATE_MODE: Final = 0o600
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A short message: its kind, which is a fixed name in the code, its subject, and perhaps a detail."""

    kind: str
    subject: str
    detail: str = ""


AnnouncementHandler = Callable[[Announcement | None], None]
"""Called in a separate thread for each announcement, and with None when some may have been lost."""


class Announcements:
    """The announcements of the processes that share one database. A database in memory has none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        file = database.file
        self._file = None if file is None else file.with_name(f"{file.name}-announcements")

    def announce(self, announcement: Announcement) -> None:
        """Send an announcement to the other processes. If that fails, a warning is logged."""
        word = json.dumps([announcement.kind, announcement.subject, announcement.detail])
        if len(word) > _MAX_WORD_BYTES:
            raise ValueError("an announcement is a short word")
        try:
            if self._database.is_postgresql:
                with self._database.transaction(durable=False) as rows:
                    rows.execute(text("SELECT pg_notify(:channel, :word)"), {"channel": _CHANNEL, "word": word})
            elif self._file is not None:
                _append(self._file, f"{word}\n".encode())
        except (DatabaseUnavailable, OSError) as error:
            _log.warning("an announcement was not made: %s", type(error).__name__)

    def listen(self, handle: AnnouncementHandler, *, poll_seconds: float | None = None) -> Listening:
        """Call `handle` for each announcement, until the result is closed. A file is read every `poll_seconds`."""
        if self._database.is_postgresql:
            return _PostgresqlListening(self._database, handle)
        return _FileListening(self._file, handle, POLL_SECONDS if poll_seconds is None else poll_seconds)


class Listening:
    """A thread that receives announcements."""

    def __init__(self, handle: AnnouncementHandler) -> None:
        self._handle = handle
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="announcements", daemon=True)

    def close(self) -> None:
        """Stop receiving announcements."""
        self._ends.set()
        self._thread.join()

    def _listen(self) -> None:
        raise NotImplementedError

    def _receive(self, word: str) -> None:
        announcement = _read(word)
        if announcement is not None:
            self._handle(announcement)


class _PostgresqlListening(Listening):
    def __init__(self, database: Database, handle: AnnouncementHandler) -> None:
        super().__init__(handle)
        self._database = database
        self._connection: Any = None
        # The server keeps announcements from here on. If it does not answer now, the thread tries again.
        with suppress(Exception):
            self._connection = self._connect()
        self._thread.start()

    def _connect(self) -> Any:
        """Return a connection that receives announcements."""
        connection = self._database.own_connection()
        connection.autocommit = True
        connection.execute(f"LISTEN {_CHANNEL}")
        return connection

    def _listen(self) -> None:
        while not self._ends.is_set():
            try:
                if self._connection is None:
                    self._connection = self._connect()
                    self._handle(None)
                for notice in self._connection.notifies(timeout=POLL_SECONDS):
                    self._receive(notice.payload)
            except Exception as error:  # noqa: BLE001 (psycopg has many, and a listener goes on after all)
                _log.warning("announcements are not heard now: %s", type(error).__name__)
                self._forget()
                self._ends.wait(RETRY_SECONDS)
        self._forget()

    def _forget(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
        self._connection = None


class _FileListening(Listening):
    def __init__(self, file: Path | None, handle: AnnouncementHandler, poll_seconds: float) -> None:
        super().__init__(handle)
        self._file = file
        self._poll_seconds = poll_seconds
        self._first, self._read_bytes = self._begin()
        self._thread.start()

    def _begin(self) -> tuple[bytes, int]:
        """Return the first line of the file, and its size."""
        try:
            with open(self._file or os.devnull, "rb") as file:
                return file.readline(_MAX_WORD_BYTES), file.seek(0, os.SEEK_END)
        except OSError:
            return b"", 0

    def _listen(self) -> None:
        while not self._ends.wait(self._poll_seconds):
            if self._file is not None:
                with suppress(OSError):
                    self._read_more(self._file)

    def _read_more(self, path: Path) -> None:
        with path.open("rb") as file:
            first = file.readline(_MAX_WORD_BYTES)
            if first != self._first:
                # Without an earlier file no announcement was lost. If the file replaces another one, some may be lost.
                if self._first:
                    self._handle(None)
                self._first, self._read_bytes = first, len(first)
            file.seek(self._read_bytes)
            words = file.read(MAX_FILE_BYTES + _MAX_WORD_BYTES)
        whole = words.rfind(b"\n") + 1
        self._read_bytes += whole
        for word in words[:whole].splitlines():
            self._receive(word.decode(errors="replace"))


def _append(path: Path, line: bytes) -> None:
    """Add a line to the file, which is emptied first if it is long.

    No lock is needed, because the system appends a short line as a whole. If two processes empty the file at the same
    time, one announcement may be lost. The file may also get a second random line, which receivers ignore.
    """
    number = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, _PRIVATE_MODE)
    with os.fdopen(number, "ab", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        if size > MAX_FILE_BYTES:
            file.truncate(0)
        if not 0 < size <= MAX_FILE_BYTES:
            line = secrets.token_hex(16).encode() + b"\n" + line
        file.write(line)


def _read(word: str) -> Announcement | None:
    try:
        kind, subject, detail = json.loads(word)
    except (ValueError, TypeError, RecursionError):
        return None
    if not all(isinstance(part, str) for part in (kind, subject, detail)):
        return None
    return Announcement(kind=kind, subject=subject, detail=detail)
