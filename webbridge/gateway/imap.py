"""One logged-in IMAP connection (RFC 9051, RFC 3501): list folders and messages, read, mark and append messages.

Servers are not trusted: counts may be missing or wrong, and answers may be about messages that were not requested. A
raw message is passed on in chunks as it arrives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from webbridge.gateway.connection import MessagePage, RawMessage
from webbridge.gateway.door import (
    Credentials,
    GatewayCode,
    GatewayError,
    Mailbox,
    UnreadableAnswer,
    check_flag,
    check_folder_name,
    check_uid,
    check_uids,
)
from webbridge.gateway.imap_folders import Folder, ListedFolder, Role, in_order, read_folders, sent_among
from webbridge.gateway.imap_login import connect
from webbridge.gateway.imap_syntax import Literal, Value, read_number, read_values, write_folder_name
from webbridge.gateway.imap_wire import Answer, ImapWire, Line, folder_refusal
from webbridge.gateway.summary import (
    HEADER_PART_BYTES,
    SUMMARY_ITEMS,
    MessageSummary,
    Protection,
    summary_from_fetch,
)
from webbridge.gateway.uid_set import MAX_UID, write_uids
from webbridge.gateway.wire import CallDeadline

__all__ = ["SEEN", "Folder", "ImapConnection", "MessagePage", "MessageSummary", "Protection", "RawMessage", "Role"]

SEEN = "\\Seen"
CHUNK_BYTES = 64 * 1024
NEW_SENT_FOLDER = "Sent"
LOGOUT_SECONDS = 1.0
# If a window of UIDs has too few messages, the next one is wider by this factor.
WIDER = 8
# The share of a call's time for counting messages. When it is used up, the remaining folders are listed without counts.
SHARE_FOR_COUNTS = 0.5
# The share of a call's time for checking that a kept connection still works.
SHARE_FOR_CHECK = 1 / 6
_CODE_NUMBER = re.compile(rb"\[([A-Za-z]+) (\d{1,10})\]")
_FETCH_WITH_BODY = re.compile(rb"\* \d{1,18} FETCH (\(.*)(?<=[( ])BODY\[\] ?\Z", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Selected:
    """The state of a folder when it was selected. `exists` is None if the server does not count its messages."""

    uid_validity: int
    exists: int | None
    next_uid: int


class ImapConnection:
    """A connection that is logged in. Not thread-safe: the pool lends it to one caller at a time."""

    def __init__(self, imap: ImapWire) -> None:
        self._imap = imap
        self._is_reading = False

    @classmethod
    def open(cls, credentials: Credentials, deadline: CallDeadline | None = None) -> ImapConnection:
        """Connect, verify the server's certificate and log in.

        Raises GatewayError with LOGIN_REFUSED, BUSY, MISCONFIGURED, UNREACHABLE or UNREADABLE.
        """
        seconds = credentials.account.server.timeout_seconds
        return cls(connect(credentials, deadline or CallDeadline(seconds)))

    @property
    def broken(self) -> bool:
        """Whether the next command needs another connection: this one has failed, or a message is still being read."""
        return self._imap.wire.broken or self._is_reading

    @property
    def may_be_kept(self) -> bool:
        """True, because a server lets several connections into a mailbox."""
        return True

    def begin_call(self, deadline: CallDeadline) -> None:
        """Count all waiting from now on against this deadline."""
        self._imap.wire.deadline = deadline

    def is_alive(self) -> bool:
        """Return whether the server still answers, soon enough to leave time for a call on another connection."""
        wire = self._imap.wire
        deadline = wire.deadline
        wire.deadline = CallDeadline(deadline.left * SHARE_FOR_CHECK)
        try:
            self._imap.run(b"NOOP")
        except GatewayError:
            return False
        finally:
            wire.deadline = deadline
        return True

    def close(self) -> None:
        """Log out if the connection is intact, and close it."""
        if not self.broken:
            self.begin_call(CallDeadline(LOGOUT_SECONDS))
            with suppress(GatewayError):
                self._imap.run(b"LOGOUT")
        self._imap.wire.close()

    def break_off(self) -> None:
        """End the connection without a LOGOUT, also while another thread uses it."""
        self._imap.wire.break_off()

    def list_folders(self) -> list[Folder]:
        """Return the selectable folders with their counts: the inbox first, then those with a role, then by name.

        The inbox always exists (RFC 9051 section 5.1), even if the server does not list it.
        """
        listed = read_folders(self._imap.run(b"LIST", b'""', b'"*"'))
        time_for_the_rest = self._imap.wire.deadline.left * SHARE_FOR_COUNTS
        return in_order([self._count(folder, time_for_the_rest) for folder in listed])

    def list_messages(
        self, folder: str, *, before_uid: int | None = None, limit: int, uid_validity: int | None = None
    ) -> MessagePage:
        """Return at most `limit` messages of a folder, newest first, and only those before `before_uid` if it is given.

        If the server's description of a message is unreadable, the message's row says so. Raises GatewayError with
        FOLDER_CHANGED if `uid_validity` is given and is not the folder's.
        """
        selected = self._select(folder, uid_validity, readonly=True)
        chosen = self._newest(selected.exists, selected.next_uid, before_uid, limit)
        return MessagePage(uid_validity=selected.uid_validity, rows=self._rows(chosen))

    def _rows(self, chosen: list[int]) -> list[MessageSummary]:
        if not chosen:
            return []
        found: dict[int, dict[bytes, Value]] = {uid: {} for uid in chosen}
        answers: list[Answer] = []
        uids = ",".join(map(str, chosen)).encode()
        self._imap.send_command(b"UID FETCH " + uids + b" " + SUMMARY_ITEMS)
        # If the server fails at one message or closes the connection, the answers so far are used. The other rows are
        # marked as unreadable.
        with suppress(GatewayError):
            self._imap.finish(answers, kept_literal_bytes=HEADER_PART_BYTES)
        for data in map(_fetched, answers):
            if (uid := read_number(data.get(b"UID"))) in found:
                found[uid] |= data
        return [summary_from_fetch(uid, data) for uid, data in found.items()]

    def open_raw(self, mailbox: Mailbox, uid: int, max_bytes: int) -> RawMessage:
        """Request one message byte for byte. The connection is busy until the chunks are read to their end."""
        check_uid(uid)
        self._select(mailbox.name, mailbox.uid_validity, readonly=True)
        self._imap.send_command(b"UID FETCH %d (UID BODY.PEEK[])" % uid)
        while True:
            line = self._imap.read_line()
            if self._imap.is_end(line):
                self._imap.check_end(line, refused=folder_refusal)
                raise GatewayError(
                    GatewayCode.NO_SUCH_MESSAGE, "The message is no longer in this folder. Load the list again."
                )
            raw = self._raw_in(line, uid, max_bytes)
            if raw is not None:
                return raw

    def change_flags(
        self, mailbox: Mailbox, uids: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> None:
        """Set and clear flags on messages. A UID that does not exist is no error."""
        named = write_uids(check_uids(uids)).encode()
        changes = [
            sign + b"FLAGS.SILENT (" + " ".join(map(check_flag, flags)).encode() + b")"
            for sign, flags in ((b"+", add), (b"-", remove))
            if flags
        ]
        self._select(mailbox.name, mailbox.uid_validity, readonly=False)
        for change in changes:
            self._imap.run(b"UID STORE", named, change)

    def append(self, folder: str, message: bytes, flags: Sequence[str]) -> None:
        """Store a message in a folder unchanged."""
        name = Literal(write_folder_name(check_folder_name(folder)))
        listed = b"(" + " ".join(map(check_flag, flags)).encode() + b")"
        self._imap.wire.deadline.extend_for(len(message))
        self._imap.ask_for_more(b"APPEND", name, listed, b"{%d}" % len(message), refused=folder_refusal)
        self._imap.wire.send(message)
        self._imap.send_line(b"")
        self._imap.finish([], refused=folder_refusal)

    def sent_folder(self) -> str:
        """Return the folder for sent mail: by its SPECIAL-USE, else by its name, else a new one."""
        listed = read_folders(self._imap.run(b"LIST", b'""', b'"*"'))
        known = sent_among(listed)
        if known is not None:
            return known
        name = Literal(write_folder_name(NEW_SENT_FOLDER))
        self._imap.run(b"CREATE", name)
        with suppress(GatewayError):
            self._imap.run(b"SUBSCRIBE", name)
        return NEW_SENT_FOLDER

    def _count(self, folder: ListedFolder, time_for_the_rest: float) -> Folder:
        # A folder that cannot be read is listed with zero counts, and so are the folders after it if the server closes
        # the connection.
        if not self.broken and self._imap.wire.deadline.left > time_for_the_rest:
            with suppress(GatewayError):
                answers = self._imap.run(b"STATUS", Literal(folder.wire_name), b"(MESSAGES UNSEEN UIDVALIDITY)")
                return folder.counted(answers)
        return folder.counted([])

    def _select(self, folder: str, uid_validity: int | None, *, readonly: bool) -> _Selected:
        name = Literal(write_folder_name(check_folder_name(folder)))
        answers = self._imap.run(b"EXAMINE" if readonly else b"SELECT", name, refused=folder_refusal)
        exists = [answer.number for answer in answers if answer.kind == "EXISTS"]
        selected = _Selected(
            uid_validity=_code_number(answers, b"UIDVALIDITY") or 0,
            exists=exists[-1] if exists else None,
            next_uid=min(_code_number(answers, b"UIDNEXT") or MAX_UID, MAX_UID),
        )
        if uid_validity not in (None, selected.uid_validity):
            raise GatewayError(GatewayCode.FOLDER_CHANGED, "The folder has changed. Load its list again.")
        return selected

    def _newest(self, exists: int | None, next_uid: int, before_uid: int | None, limit: int) -> list[int]:
        """Return the UIDs of the newest messages, newest first."""
        if exists == 0:
            return []
        if before_uid is None and exists is not None and exists <= MAX_UID:
            # Sequence numbers avoid a search over the whole folder: they request only the UIDs of the newest messages.
            answers: list[Answer] = []
            self._imap.send_command(b"FETCH %d:%d (UID)" % (max(1, exists - limit + 1), exists))
            try:
                self._imap.finish(answers)
            except GatewayError:
                if self.broken:
                    raise
            uids = _newest_of((read_number(_fetched(answer).get(b"UID")) for answer in answers), MAX_UID + 1, limit)
            if uids:
                return uids
        return self._search_below(before_uid or next_uid + 1, limit)

    def _search_below(self, before_uid: int, limit: int) -> list[int]:
        """Search in windows of UIDs, because the answer to a search of a whole folder is as large as the folder."""
        width = 2 * limit
        while before_uid > 1:
            lowest = max(1, before_uid - width)
            answers = self._imap.run(b"UID SEARCH UID %d:%d" % (lowest, before_uid - 1))
            found = (value for answer in answers if answer.kind == "SEARCH" for value in answer.values)
            uids = _newest_of(map(read_number, found), before_uid, limit)
            if len(uids) >= limit or lowest == 1:
                return uids
            width *= WIDER
        return []

    def _raw_in(self, line: Line, uid: int, max_bytes: int) -> RawMessage | None:
        """Return the message with this UID if this line of an answer begins it, else None."""
        begin = _FETCH_WITH_BODY.match(line.text)
        if begin and line.literal_bytes is not None:
            before = _uid_in(begin[1] + b")")
            if before in (None, uid):
                return self._checked_literal(line.literal_bytes, uid, before, max_bytes)
        answer = self._imap.read_rest(line, kept_literal_bytes=CHUNK_BYTES)
        data = {} if answer is None else _fetched(answer)
        if b"BODY[]" not in data or read_number(data.get(b"UID")) != uid or line.literal_bytes is not None:
            return None
        # A server may send a short message as a quoted string, and NIL for what it cannot find (RFC 9051 section 9).
        text = data[b"BODY[]"]
        self._imap.finish([])
        if not isinstance(text, bytes):
            raise UnreadableAnswer
        return RawMessage(len(text), iter([text]))

    def _checked_literal(self, size: int, uid: int, before: int | None, max_bytes: int) -> RawMessage:
        # Until the literal is read, it blocks every further command on this connection.
        self._is_reading = True
        if size > max_bytes:
            raise GatewayError(
                GatewayCode.MESSAGE_TOO_LARGE, f"The message has {size} bytes, at most {max_bytes} are passed on."
            )
        self._imap.wire.deadline.extend_for(size)
        return RawMessage(size, self._read_literal(size, uid, before))

    def _read_literal(self, size: int, uid: int, before: int | None) -> Iterator[bytes]:
        """Yield the bytes of a literal. The last chunk is held back until the UID of the message is certain."""
        remaining, held = size, b""
        while remaining:
            if held:
                yield held
            held = self._imap.wire.read_some(min(CHUNK_BYTES, remaining))
            remaining -= len(held)
        # A blank or a parenthesis must follow. Otherwise the literal is longer than announced.
        rest = self._imap.wire.read_line(CHUNK_BYTES)
        after = _uid_in(b"(" + rest)
        if not rest.startswith((b" ", b")")) or uid not in (before, after) or after not in (None, uid):
            raise self._imap.unreadable()
        self._imap.finish([])
        self._is_reading = False
        if held:
            yield held


def _code_number(answers: Sequence[Answer], code: bytes) -> int | None:
    """Return the number of the last response code with this name, such as `[UIDNEXT 5]`."""
    matches = filter(None, (_CODE_NUMBER.match(answer.text) for answer in answers))
    found = [int(match[2]) for match in matches if match[1].upper() == code]
    return found[-1] if found else None


def _fetched(answer: Answer) -> dict[bytes, Value]:
    """Return the items of a FETCH answer by their names in capitals; none for any other answer."""
    items = answer.values[0] if answer.kind == "FETCH" and answer.values else None
    if not isinstance(items, list):
        return {}
    names = (name.upper() if isinstance(name, bytes) else b"" for name in items[::2])
    return dict(zip(names, items[1::2], strict=False))


def _uid_in(items: bytes) -> int | None:
    """Return the UID among the items of a FETCH answer, a list in parentheses."""
    try:
        values = read_values([items])
    except UnreadableAnswer:
        return None
    return read_number(_fetched(Answer("FETCH", None, values)).get(b"UID"))


def _newest_of(numbers: Iterator[int | None], before_uid: int, limit: int) -> list[int]:
    """Return at most `limit` valid UIDs below `before_uid` from the server's numbers, each once, the highest first."""
    uids = {number for number in numbers if number is not None and 0 < number < min(before_uid, MAX_UID + 1)}
    return sorted(uids, reverse=True)[:limit]
