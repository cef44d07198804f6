"""One message byte for byte (RFC 9051 section 7.5.2). Its literal is passed on in chunks as it arrives.

Servers are not trusted. An answer may be cut, or be about a message that was not requested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from webbridge.gateway.connection import RawMessage
from webbridge.gateway.door import GatewayCode, GatewayError, Mailbox, UnreadableAnswer, check_uid
from webbridge.gateway.imap_fetch import items_of
from webbridge.gateway.imap_selection import Selection
from webbridge.gateway.imap_syntax import read_number, read_values
from webbridge.gateway.imap_wire import Answer, ImapWire, Line, folder_refusal
from webbridge.gateway.wire import ProgressDeadline

CHUNK_BYTES = 64 * 1024
_FETCH_WITH_BODY = re.compile(rb"\* \d{1,18} FETCH (\(.*)(?<=[( ])BODY\[\] ?\Z", re.IGNORECASE | re.DOTALL)


class RawReader:
    """Reads one message at a time on a connection."""

    def __init__(self, imap: ImapWire, selection: Selection) -> None:
        self._imap = imap
        self._selection = selection
        self.is_reading = False
        """Whether a message is not read to its end, so that the connection takes no other command."""

    def open(self, mailbox: Mailbox, uid: int, max_bytes: int) -> RawMessage:
        """Request one message. Raises GatewayError."""
        fetch = (b"UID", b"FETCH", b"%d" % check_uid(uid), b"(UID BODY.PEEK[])")
        self._selection.begin(mailbox.name, mailbox.uid_validity, fetch, uids=[uid])
        # Until the literal is read, it blocks every further command on this connection.
        self.is_reading = True
        while True:
            line = self._imap.read_line()
            if self._imap.is_end(line):
                self.is_reading = False
                self._imap.end(line, refused=folder_refusal)
                raise GatewayError(
                    GatewayCode.NO_SUCH_MESSAGE, "The message is no longer in this folder. Load the list again."
                )
            raw = self._raw_in(line, uid, max_bytes)
            if raw is not None:
                return raw

    def _raw_in(self, line: Line, uid: int, max_bytes: int) -> RawMessage | None:
        """Return the message with this UID if the answer that begins with this line has it, else None."""
        begin = _FETCH_WITH_BODY.match(line.text)
        if begin and line.literal_bytes is not None:
            before = _uid_in(begin[1] + b")")
            if before in (None, uid):
                return self._checked_literal(line.literal_bytes, uid, before, max_bytes)
        answer = self._imap.read_rest(line, kept_literal_bytes=CHUNK_BYTES)
        items = {} if answer is None else items_of(answer)
        if b"BODY[]" not in items or read_number(items.get(b"UID")) != uid or line.literal_bytes is not None:
            return None
        # A server may send a short message as a quoted string, and NIL for a missing one (RFC 9051 section 9).
        text = items[b"BODY[]"]
        self._imap.finish([])
        self.is_reading = False
        if not isinstance(text, bytes):
            raise UnreadableAnswer
        return RawMessage(len(text), iter([text]))

    def _checked_literal(self, size: int, uid: int, before: int | None, max_bytes: int) -> RawMessage:
        if size > max_bytes:
            raise GatewayError(
                GatewayCode.MESSAGE_TOO_LARGE, f"The message has {size} bytes, at most {max_bytes} are passed on."
            )
        return RawMessage(size, self._read_literal(size, uid, before))

    def _read_literal(self, size: int, uid: int, before: int | None) -> Iterator[bytes]:
        """Yield the bytes of a literal. The last chunk is yielded only when the UID of the message is certain."""
        wire = self._imap.wire
        wire.deadline = deadline = ProgressDeadline.after(wire.deadline)
        remaining, chunk = size, b""
        while remaining:
            if chunk:
                yield chunk
            chunk = wire.read_some(min(CHUNK_BYTES, remaining))
            deadline.count(len(chunk))
            remaining -= len(chunk)
        # A blank or a parenthesis must follow. Otherwise the literal is longer than announced.
        rest = wire.read_line(CHUNK_BYTES)
        after = _uid_in(b"(" + rest)
        if not rest.startswith((b" ", b")")) or uid not in (before, after) or after not in (None, uid):
            raise self._imap.unreadable()
        self._imap.finish([])
        self.is_reading = False
        if chunk:
            yield chunk


def _uid_in(items: bytes) -> int | None:
    """Return the UID among the items of a FETCH answer, a list in parentheses."""
    try:
        values = read_values([items])
    except UnreadableAnswer:
        return None
    return read_number(items_of(Answer("FETCH", None, values)).get(b"UID"))
