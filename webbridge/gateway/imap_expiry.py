"""The deletion of messages some days after they were stored, such as copies of sent messages.

Such a message has a keyword with the number of its days, as `$SealwaxDeleteAfter30` (RFC 9051 section 2.3.2). The
server knows the day on which the message was stored. The keyword has no date, because servers limit the number of
keywords in a folder (Dovecot: 26 in a Maildir). A message that a person moves to another folder stays. The keyword and
the day of each message are read before the message is deleted, because a search may find too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from webbridge.gateway.door import MAX_UIDS, GatewayCode, GatewayError, Mailbox
from webbridge.gateway.imap_changes import MessageChanges
from webbridge.gateway.imap_search import found_in, search_command, write_day
from webbridge.gateway.imap_selection import Selection
from webbridge.gateway.imap_stored import read_stored
from webbridge.gateway.imap_wire import ImapWire

MAX_DAYS: Final = 365
MAX_AT_ONCE: Final = 10_000  # At most so many messages are deleted in one call. The next call deletes more.
_KEYWORD: Final = re.compile(r"\$SealwaxDeleteAfter([1-9][0-9]{0,2})", re.IGNORECASE)


def keyword_of(days: int) -> str:
    """Return the keyword of messages that are deleted after `days` days."""
    return f"$SealwaxDeleteAfter{days}"


class Expiry:
    """Finds and deletes the messages with such a keyword, on one connection."""

    def __init__(self, imap: ImapWire, selection: Selection, changes: MessageChanges) -> None:
        self._imap = imap
        self._selection = selection
        self._changes = changes

    def check(self, folder: str, days: int) -> None:
        """Raise GatewayError with NOT_OFFERED if a folder cannot keep the keyword, or the server lacks UIDPLUS."""
        selected = self._selection.begin(folder, None)
        takes_keyword = selected.takes_new_keywords or keyword_of(days).lower() in selected.kept_keywords
        if not (takes_keyword and self._imap.offers("UIDPLUS")):
            text = "The mail server cannot mark copies for a later deletion. Keep the copy, or keep none."
            raise GatewayError(GatewayCode.NOT_OFFERED, text)

    def delete_due(self, folder: str, today: date) -> int:
        """Delete the messages whose days are over, for ever. Return their number."""
        if not self._imap.offers("UIDPLUS"):
            return 0
        selected = self._selection.begin(folder, None)
        due: set[int] = set()
        for days in _days_in(selected.keywords):
            due.update(self._find_due(days, today))
        uids = sorted(due)[:MAX_AT_ONCE]
        for start in range(0, len(uids), MAX_UIDS):
            self._changes.remove(Mailbox(folder, selected.uid_validity), uids[start : start + MAX_UIDS])
        return len(uids)

    def _find_due(self, days: int, today: date) -> list[int]:
        """Return the messages with the keyword for `days` days that were stored more than `days` days ago."""
        keyword, stored_before = keyword_of(days), today - timedelta(days=days)
        words = (b"KEYWORD", keyword.encode(), b"BEFORE", write_day(stored_before))
        uids = found_in(self._imap.run(*search_command(self._imap, words))).newest(limit=MAX_AT_ONCE)
        return [
            message.uid
            for message in read_stored(self._imap, uids)
            # Like BEFORE, this compares the day in the server's time zone (RFC 9051 section 6.4.4).
            if message.has_keyword(keyword) and message.stored_at and message.stored_at.date() < stored_before
        ]


def _days_in(keywords: Iterable[str]) -> list[int]:
    matches = filter(None, map(_KEYWORD.fullmatch, keywords))
    return sorted({days for match in matches if (days := int(match[1])) <= MAX_DAYS})
