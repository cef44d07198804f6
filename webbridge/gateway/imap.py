"""One logged-in IMAP connection (RFC 9051, RFC 3501): folders, lists, raw messages, append.

imapclient speaks the protocol; what it returns is untyped and is converted here, at the edge. Raw messages do not go
through it: it would hold a message four times. They are read as one literal straight from the connection.
"""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from imapclient.exceptions import IMAPClientError

from webbridge.gateway.door import (
    ConnectionLost,
    Credentials,
    GatewayCode,
    GatewayError,
    MailServer,
    check_folder_name,
    check_uid,
    clean_text,
)
from webbridge.gateway.imap_login import connect, shut_down
from webbridge.gateway.summary import SUMMARY_ITEMS, MessageSummary, Protection, summary_from_fetch

__all__ = ["Flag", "Folder", "ImapConnection", "MessageSummary", "Protection", "RawMessage", "SearchUidBelow"]

CHUNK_BYTES = 64 * 1024
SENT_NAMES = ("Sent", "INBOX.Sent", "Sent Items", "Sent Messages")
_LITERAL = re.compile(rb"BODY\[\] \{(\d+)\}\r\n$", re.IGNORECASE)
# A server may send a short message as a quoted string or NIL (RFC 9051 section 9, nstring).
_NO_LITERAL = re.compile(rb'BODY\[\] (?:NIL|"((?:[^"\\]|\\.)*)")', re.IGNORECASE)


class Flag(StrEnum):
    """The system flags that the bridge sets (RFC 9051 section 2.3.2)."""

    SEEN = "\\Seen"


class Role(StrEnum):
    """What a folder is for (RFC 6154); the value is the word of our own interface."""

    INBOX = "inbox"
    DRAFTS = "drafts"
    SENT = "sent"
    TRASH = "trash"
    JUNK = "junk"
    ARCHIVE = "archive"


_SPECIAL_USE = {
    b"\\drafts": Role.DRAFTS,
    b"\\sent": Role.SENT,
    b"\\trash": Role.TRASH,
    b"\\junk": Role.JUNK,
    b"\\archive": Role.ARCHIVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """One mailbox as LIST and STATUS describe it."""

    name: str
    role: Role | None
    total: int
    unseen: int


@dataclass(frozen=True, slots=True)
class SearchUidBelow:
    """Messages older than the one with this UID: typed, so that no text of a user becomes a search command."""

    uid: int

    def search_keys(self) -> list[str]:
        """Return `UID 1:n`; the caller never asks below 2, for 1:0 means 0:1."""
        return ["UID", f"1:{check_uid(self.uid) - 1}"]


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message as the server holds it: its size and its bytes in chunks."""

    size_bytes: int
    chunks: Iterator[bytes]


class ImapConnection:
    """A connection that is logged in. Not thread-safe: the pool lends it to one caller at a time."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.broken = False

    @classmethod
    def open(cls, server: MailServer, credentials: Credentials) -> ImapConnection:
        """Connect, verify the server's certificate and log in.

        Raises GatewayError with UNREACHABLE or LOGIN_REFUSED.
        """
        return cls(connect(server, credentials))

    def is_alive(self) -> bool:
        """Say whether the server still answers."""
        try:
            with self._mapped():
                self._client.noop()
        except GatewayError:
            return False
        return True

    def close(self) -> None:
        """Log out if the connection is whole, and close it."""
        if not self.broken:
            with suppress(OSError, imaplib.IMAP4.error, IMAPClientError):
                self._client.logout()
                return
        shut_down(self._client)

    def break_off(self) -> None:
        """Close the connection without a word, whoever is using it."""
        shut_down(self._client)

    def list_folders(self) -> list[Folder]:
        """Return the selectable folders with their counts: the inbox first, then those with a role, then by name."""
        with self._mapped():
            listed = self._client.list_folders()
            folders = [
                self._folder(name, flags)
                for flags, _delimiter, name in listed
                if not {b"\\noselect", b"\\nonexistent"} & {flag.lower() for flag in flags}
            ]
        order = {role: position for position, role in enumerate(Role)}
        return sorted(
            folders, key=lambda f: (len(order) if f.role is None else order[f.role], f.name.casefold(), f.name)
        )

    def list_messages(self, folder: str, *, before_uid: int | None, limit: int) -> list[MessageSummary]:
        """Return at most `limit` messages of a folder, newest first; only those before a UID where one is given."""
        exists = self._select(folder, readonly=True)
        with self._mapped():
            chosen = self._newest(exists, before_uid=before_uid, limit=limit)
            if not chosen:
                return []
            fetched = self._client.fetch(chosen, SUMMARY_ITEMS)
        summaries = [summary_from_fetch(uid, data) for uid, data in fetched.items() if b"RFC822.SIZE" in data]
        return sorted(summaries, key=lambda summary: summary.uid, reverse=True)

    def open_raw(self, folder: str, uid: int, *, max_bytes: int) -> RawMessage:
        """Ask for one message byte for byte. The connection is busy until the chunks are read to their end."""
        self._select(folder, readonly=True)
        with self._mapped():
            return self._open_literal(check_uid(uid), max_bytes=max_bytes)

    def mark(self, folder: str, uid: int, flag: Flag) -> None:
        """Set one flag on one message. A UID that does not exist is nothing to the server, and to us."""
        self._select(folder, readonly=False)
        with self._mapped():
            self._client.add_flags([check_uid(uid)], [flag.value.encode()], silent=True)

    def append(self, folder: str, message: bytes, flags: Sequence[Flag]) -> None:
        """Store a message in a folder as it is."""
        with self._mapped():
            self._client.append(check_folder_name(folder), message, [flag.value.encode() for flag in flags])

    def sent_folder(self) -> str:
        """Return the folder for sent mail: by its SPECIAL-USE, else by its name, else a new one."""
        with self._mapped():
            listed = self._client.list_folders()
            for flags, _delimiter, name in listed:
                if b"\\sent" in {flag.lower() for flag in flags}:
                    return str(name)
            names = {str(name) for _flags, _delimiter, name in listed}
            for name in SENT_NAMES:
                if name in names:
                    return name
            self._client.create_folder(SENT_NAMES[0])
            with suppress(IMAPClientError):
                self._client.subscribe_folder(SENT_NAMES[0])
        return SENT_NAMES[0]

    def _folder(self, name: str, flags: Sequence[bytes]) -> Folder:
        try:
            status = self._client.folder_status(name, ["MESSAGES", "UNSEEN"])
        except IMAPClientError:
            # One folder that may be listed and not read must not hide the others.
            status = {}
        return Folder(
            name=name, role=_role(name, flags), total=status.get(b"MESSAGES", 0), unseen=status.get(b"UNSEEN", 0)
        )

    def _select(self, folder: str, *, readonly: bool) -> int:
        """Select a folder and return how many messages it has."""
        check_folder_name(folder)
        with self._mapped(refused=GatewayCode.NO_SUCH_FOLDER):
            return int(self._client.select_folder(folder, readonly=readonly)[b"EXISTS"])

    def _newest(self, exists: int, *, before_uid: int | None, limit: int) -> list[int]:
        if exists == 0:
            return []
        if before_uid is not None:
            if before_uid < 2:
                return []
            return sorted(self._client.search(SearchUidBelow(before_uid).search_keys()))[-limit:]
        # Sequence numbers spare a search over the whole folder; the UIDs of the newest are asked for by them.
        self._client.use_uid = False
        try:
            newest = self._client.fetch(list(range(max(1, exists - limit + 1), exists + 1)), ["UID"])
        finally:
            self._client.use_uid = True
        return [int(data[b"UID"]) for data in newest.values() if b"UID" in data]

    def _open_literal(self, uid: int, *, max_bytes: int) -> RawMessage:
        wire = self._client._imap  # imapclient has no public way to read a literal in pieces
        wire.send(b"RAW1 UID FETCH %d (BODY.PEEK[])\r\n" % uid)
        while True:
            line = wire.readline()
            if not line:
                self.broken = True
                raise ConnectionLost
            if literal := _LITERAL.search(line):
                return self._checked_literal(int(literal[1]), max_bytes=max_bytes)
            if short := _NO_LITERAL.search(line):
                text = re.sub(rb"\\(.)", rb"\1", short[1] or b"", flags=re.DOTALL)
                self._finish_command()
                return RawMessage(len(text), iter([text]))
            if line.startswith(b"RAW1 "):
                raise GatewayError(GatewayCode.NO_SUCH_MESSAGE, "The message is no longer in this folder.")

    def _checked_literal(self, size: int, *, max_bytes: int) -> RawMessage:
        # Until it is read, the literal stands in the way of every further command on this connection.
        self.broken = True
        if size > max_bytes:
            raise GatewayError(
                GatewayCode.MESSAGE_TOO_LARGE, f"The message has {size} bytes, at most {max_bytes} are passed on."
            )
        return RawMessage(size, self._read_literal(size))

    def _read_literal(self, size: int) -> Iterator[bytes]:
        remaining = size
        with self._mapped():
            while remaining:
                chunk = self._client._imap.read(min(CHUNK_BYTES, remaining))
                if not chunk:
                    raise ConnectionLost
                remaining -= len(chunk)
                yield chunk
            self._finish_command()
        self.broken = False

    def _finish_command(self) -> None:
        while not (line := self._client._imap.readline()).startswith(b"RAW1 "):
            if not line:
                self.broken = True
                raise ConnectionLost

    @contextmanager
    def _mapped(self, *, refused: GatewayCode = GatewayCode.SERVER_REFUSED) -> Iterator[None]:
        """Turn what imaplib, imapclient and the socket raise into GatewayError."""
        try:
            yield
        except (imaplib.IMAP4.abort, OSError, EOFError) as error:
            self.broken = True
            raise ConnectionLost from error
        except (imaplib.IMAP4.error, IMAPClientError) as error:
            raise GatewayError(refused, _refused_text(error, refused)) from error


def _role(name: str, flags: Sequence[bytes]) -> Role | None:
    if name.upper() == "INBOX":
        return Role.INBOX
    for flag in flags:
        if role := _SPECIAL_USE.get(flag.lower()):
            return role
    if name in SENT_NAMES:
        return Role.SENT
    return {"Drafts": Role.DRAFTS, "Trash": Role.TRASH, "Junk": Role.JUNK}.get(name)


def _refused_text(error: Exception, refused: GatewayCode) -> str:
    if refused is GatewayCode.NO_SUCH_FOLDER:
        return "There is no such folder."
    return f"The mail server refused: {clean_text(str(error))}"
