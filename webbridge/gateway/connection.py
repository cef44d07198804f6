"""The connection to a mailbox, whatever its protocol: the interface between the views and the gateway."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from webbridge.gateway.door import Mailbox
from webbridge.gateway.imap_access import Grant, Level
from webbridge.gateway.imap_drafts import KeptDraft
from webbridge.gateway.imap_folders import Folder, Role
from webbridge.gateway.imap_search import Criteria, SortKey
from webbridge.gateway.outgoing import OutgoingMessage
from webbridge.gateway.row_cache import RowCache
from webbridge.gateway.summary import MessageSummary
from webbridge.gateway.uid_set import Ranges
from webbridge.gateway.undo import Changed, Step
from webbridge.gateway.wire import CallDeadline


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message on the server: its bytes in chunks, and its size, or None if the size is not certain."""

    size_bytes: int | None
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePage:
    """Some messages of a folder, newest first.

    `total` counts the messages of the folder or the found messages, if the server counts them. With `token` a caller
    asks for later changes. It is None if the server cannot report changes.
    """

    uid_validity: int
    rows: list[MessageSummary]
    total: int | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The changes in a folder since a token.

    If `is_whole` is False, some changes are missing, and the caller has to load the list again.
    """

    uid_validity: int
    total: int | None
    token: str | None
    is_whole: bool
    flags: dict[int, tuple[str, ...]] = field(default_factory=dict)
    new: list[MessageSummary] = field(default_factory=list)
    vanished: Ranges = field(default_factory=list)


class MailConnection(Protocol):
    """A connection that is logged in. Not thread-safe: the pool lends it to one caller at a time.

    An operation that the protocol lacks raises GatewayError with NOT_OFFERED.
    """

    cache: RowCache
    """The rows that were seen. The pool sets the cache of the session, which all its connections share."""

    @property
    def broken(self) -> bool:
        """Whether the next command needs another connection."""

    @property
    def may_be_kept(self) -> bool:
        """Whether the connection may be kept for later calls. POP3 connections may not: they lock the mailbox."""

    def begin_call(self, deadline: CallDeadline) -> None:
        """Count all waiting from now on against this deadline."""

    def is_alive(self) -> bool:
        """Return whether the server still answers."""

    def close(self) -> None:
        """Log out if the connection is intact, and close it."""

    def break_off(self) -> None:
        """End the connection at once, also while another thread uses it."""

    def list_folders(self) -> list[Folder]:
        """Return the folders with their counts: the inbox first."""

    def list_messages(
        self, folder: str, *, before_uid: int | None = None, limit: int, uid_validity: int | None = None
    ) -> MessagePage:
        """Return at most `limit` messages, newest first, and only those before `before_uid` if it is given."""

    def open_raw(self, mailbox: Mailbox, uid: int, max_bytes: int) -> RawMessage:
        """Request one message byte for byte. The connection is busy until the chunks are read to their end."""

    def list_changes(self, mailbox: Mailbox, token: str, *, from_uid: int, limit: int) -> Changes:
        """Return the changes since a token of an earlier list, among the messages from `from_uid` on."""

    def search(
        self,
        folder: str,
        criteria: Criteria,
        *,
        before_uid: int | None = None,
        limit: int,
        uid_validity: int | None = None,
    ) -> MessagePage:
        """Return the newest messages that meet the criteria."""

    def list_sorted(self, folder: str, key: SortKey, *, is_descending: bool, offset: int, limit: int) -> MessagePage:
        """Return a part of the folder in an order of the server."""

    def list_threads(self, folder: str, *, offset: int, limit: int) -> tuple[MessagePage, list[list[int]]]:
        """Return the newest message of each thread, the newest thread first, and the threads' UIDs."""

    def change_flags(
        self, mailbox: Mailbox, uids: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> Changed:
        """Set and clear flags on messages."""

    def move(self, mailbox: Mailbox, uids: Sequence[int], to: str) -> Changed:
        """Move messages to a folder."""

    def copy(self, mailbox: Mailbox, uids: Sequence[int], to: str) -> Changed:
        """Copy messages to a folder."""

    def delete(self, mailbox: Mailbox, uids: Sequence[int]) -> Changed:
        """Move messages to the trash. Raises GatewayError with IN_TRASH if they are there."""

    def delete_for_ever(self, mailbox: Mailbox, uids: Sequence[int]) -> Changed:
        """Delete messages for ever. Raises GatewayError with NOT_IN_TRASH if they can be moved to a trash first."""

    def hashed_ids_of(self, mailbox: Mailbox, uids: Sequence[int]) -> list[bytes]:
        """Return hashes that identify messages at a later deletion. Only POP3 has these hashes."""

    def delete_retrieved(self, hashed_ids: Collection[bytes]) -> None:
        """Delete the messages with these hashes for ever."""

    def create_folder(self, folder: str) -> Changed:
        """Make a folder and subscribe to it."""

    def rename_folder(self, folder: str, to: str) -> Changed:
        """Rename a folder."""

    def delete_folder(self, folder: str, *, with_messages: bool = False) -> Changed:
        """Delete a folder. Raises GatewayError with FOLDER_NOT_EMPTY unless messages may be deleted with it."""

    def subscribe(self, folder: str, *, is_subscribed: bool) -> Changed:
        """Subscribe to a folder, or end the subscription."""

    def list_access(self, folder: str) -> list[Grant]:
        """Return the rights of people in a folder."""

    def grant_access(self, folder: str, person: str, level: Level) -> None:
        """Give a person rights in a folder. They replace the person's earlier rights."""

    def withdraw_access(self, folder: str, person: str) -> None:
        """Take the rights of a person in a folder away."""

    def take_step(self, step: Step) -> Changed:
        """Take one step of undoing."""

    def append(
        self, folder: str, message: OutgoingMessage, flags: Sequence[str], received: datetime | None = None
    ) -> None:
        """Store a message in a folder unchanged, as received at the time `received` or, without it, now."""

    def check_end(self, folder: str, days: int) -> None:
        """Check that messages of a folder can be marked for deletion after `days` days."""

    def delete_due(self, folder: str, today: date) -> int:
        """Delete the messages of a folder whose days are over. Return their number."""

    def has_message_id(self, folder: str, message_id: str) -> bool:
        """Return whether a folder has a message with this Message-ID."""

    def sent_folder(self) -> str:
        """Return the folder for sent mail."""

    def has_role(self, folder: str, *roles: Role) -> bool:
        """Return whether a folder has one of the roles."""

    def keep_draft(self, message: OutgoingMessage, message_id: str) -> KeptDraft:
        """Store a draft in the folder for drafts, and delete the earlier drafts with its Message-ID."""

    def delete_draft(self, message_id: str) -> str:
        """Delete the drafts with a Message-ID. Return the folder for drafts."""
