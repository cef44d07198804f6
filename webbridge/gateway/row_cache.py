"""The rows of message lists that a session has already seen. With them, a list asks the server only for new rows.

Rows contain parts of messages' headers. They are kept in memory only, limited in bytes, and dropped with their session.
With one UIDVALIDITY, a UID always names the same message (RFC 9051 section 2.3.1.1), and a message never changes except
its flags. The flags are requested each time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from itertools import islice
from typing import TypeAlias

from webbridge.gateway.summary import MessageSummary

MAX_BYTES = 4 * 1024 * 1024  # The rows of about 5,000 messages.
MAX_FOLDERS = 5000
RECENT_ROWS = 200  # The longest list.
# The size of a row's objects without its texts, measured with tracemalloc in CPython 3.11.
ROW_BYTES = 600

_Key: TypeAlias = "tuple[str, int, int]"


class RowCache:
    """The rows and the sizes of folders that one session has seen. Threads may share it."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._rows: OrderedDict[_Key, MessageSummary] = OrderedDict()
        self._counts: dict[str, int] = {}
        self._suspects: set[str] = set()
        self._lock = threading.Lock()

    def find_row(self, folder: str, uid_validity: int, uid: int) -> MessageSummary | None:
        """Return the row of a message with its earlier flags, or None."""
        key = folder, uid_validity, uid
        with self._lock:
            row = self._rows.get(key)
            if row is not None:
                self._rows.move_to_end(key)
            return row

    def keep_row(self, folder: str, uid_validity: int, row: MessageSummary) -> None:
        """Keep a row. The least recently used rows make room for it."""
        # With a UIDVALIDITY of 0 the server promises nothing about UIDs. A row with a problem may have none next time.
        if not uid_validity or row.problem or not self._max_bytes:
            return
        with self._lock:
            key = folder, uid_validity, row.uid
            earlier = self._rows.pop(key, None)
            self._bytes -= _size_of(earlier) if earlier else 0
            self._rows[key] = row
            self._bytes += _size_of(row)
            while self._bytes > self._max_bytes:
                self._bytes -= _size_of(self._rows.popitem(last=False)[1])

    def has_rows_of(self, folder: str) -> bool:
        """Return whether the cache probably has the rows of the folder's last list."""
        with self._lock:
            return any(key[0] == folder for key in islice(reversed(self._rows), RECENT_ROWS))

    def is_suspect(self, folder: str) -> bool:
        """Return whether a message of the folder may have broken a connection."""
        return folder in self._suspects

    def suspect(self, folder: str) -> None:
        """Note that a message of the folder may have broken a connection."""
        if len(self._suspects) < MAX_FOLDERS:
            self._suspects.add(folder)

    def count_of(self, folder: str) -> int | None:
        """Return the number of messages that the folder had, or None. The number may have changed since."""
        return self._counts.get(folder)

    def keep_count(self, folder: str, count: int) -> None:
        """Keep the number of messages of a folder."""
        if len(self._counts) < MAX_FOLDERS or folder in self._counts:
            self._counts[folder] = count


def _size_of(row: MessageSummary) -> int:
    # A row has the sender twice, as a text and as a mailbox.
    texts = (row.sender, row.sender, row.subject, *row.recipients)
    return ROW_BYTES + sum(map(len, texts)) * 2 + 60 * len(row.recipients)
