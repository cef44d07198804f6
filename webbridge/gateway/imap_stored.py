"""Facts about stored messages that show whether a search has found the right ones (RFC 9051 sections 2.3.3, 7.5.2).

The result of a search is not trusted: some servers ignore a criterion that they do not know, and return every message.
So the bridge reads and compares these facts before it deletes a message, or treats a message as the one that was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from smime_core.errors import SmimeError
from smime_core.mime import parse_date, parse_headers
from webbridge.gateway.door import MAX_UIDS, Mailbox
from webbridge.gateway.imap_fetch import flags_of, items_by_uid
from webbridge.gateway.imap_search import found_in
from webbridge.gateway.imap_selection import Selection
from webbridge.gateway.imap_syntax import Literal, Value
from webbridge.gateway.imap_wire import Answer, ImapWire, refusal
from webbridge.gateway.uid_set import split_uids

ID_PART_BYTES: Final = 2048  # Room for the longest Message-ID that `check_message_id` accepts, with line folding.
_ITEMS: Final = b"(UID FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]<0.%d>)" % ID_PART_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """The facts of one message. A fact that is missing or unreadable in the server's answer is empty."""

    uid: int
    message_id: str
    """The first Message-ID with its angle brackets, or ""."""
    stored_at: datetime | None
    flags: tuple[str, ...]

    def has_keyword(self, keyword: str) -> bool:
        """Return whether the message has a keyword, in any case of ASCII letters (RFC 9051 section 2.3.2)."""
        return keyword.lower() in (flag.lower() for flag in self.flags)


def read_stored(imap: ImapWire, uids: Sequence[int]) -> list[StoredMessage]:
    """Return the facts of these messages of the selected folder, in ascending order. Missing messages are left out."""
    sorted_uids = sorted(set(uids))
    stored: list[StoredMessage] = []
    for start in range(0, len(sorted_uids), MAX_UIDS):
        some = sorted_uids[start : start + MAX_UIDS]
        answers: list[Answer] = []
        for uid_set in split_uids(some):
            imap.send((b"UID", b"FETCH", uid_set.encode(), _ITEMS))
            imap.finish(answers, kept_literal_bytes=ID_PART_BYTES)
        items = items_by_uid(answers)
        stored += [_stored_message(uid, items[uid]) for uid in some if uid in items]
    return stored


def find_by_message_id(
    imap: ImapWire, selection: Selection, folder: str, search: bytes, message_id: str
) -> tuple[Mailbox, list[int]]:
    """Return the messages of a folder with this Message-ID, in ascending order. `search` is the command before it."""
    selected, answers = selection.search(folder, None, (search, Literal(message_id.encode())), refusal)
    # A server that ignores the criterion returns other messages too.
    stored = read_stored(imap, found_in(answers).newest(limit=MAX_UIDS))
    uids = [message.uid for message in stored if message.message_id == message_id]
    return Mailbox(folder, selected.uid_validity), uids


def _stored_message(uid: int, items: Mapping[bytes, Value]) -> StoredMessage:
    return StoredMessage(
        uid=uid,
        message_id=_message_id(items),
        stored_at=_read_date_time(items.get(b"INTERNALDATE")),
        flags=flags_of(items),
    )


def _message_id(items: Mapping[bytes, Value]) -> str:
    header = next((value for name, value in items.items() if name.startswith(b"BODY[HEADER.FIELDS")), None)
    if not isinstance(header, bytes):
        return ""
    try:
        return (parse_headers(header[:ID_PART_BYTES]).get_unfolded("Message-ID") or "").strip()
    except SmimeError:
        return ""


def _read_date_time(value: Value) -> datetime | None:
    # RFC 9051 section 9, date-time: the form of a header field, except the hyphens in the date.
    return parse_date(value.decode("latin-1").replace("-", " ", 2)) if isinstance(value, bytes) else None
