"""The connection to a mailbox, whatever its protocol: the interface between the views and the gateway."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from webbridge.gateway.door import Mailbox
from webbridge.gateway.imap_folders import Folder
from webbridge.gateway.summary import MessageSummary
from webbridge.gateway.wire import CallDeadline


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message on the server: its bytes in chunks, and its size, or None if the server does not say it for certain."""

    size_bytes: int | None
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePage:
    """Some messages of a folder, newest first."""

    uid_validity: int
    rows: list[MessageSummary]


class MailConnection(Protocol):
    """A connection that is logged in. Not thread-safe: the pool lends it to one caller at a time.

    An operation that the protocol lacks raises GatewayError with NOT_OFFERED.
    """

    @property
    def broken(self) -> bool:
        """Whether the next command needs another connection."""

    @property
    def may_be_kept(self) -> bool:
        """Whether the connection may wait for a later call. If not, it locks the mailbox for others."""

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

    def change_flags(
        self, mailbox: Mailbox, uids: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> None:
        """Set and clear flags on messages."""

    def append(self, folder: str, message: bytes, flags: Sequence[str]) -> None:
        """Store a message in a folder unchanged."""

    def sent_folder(self) -> str:
        """Return the folder for sent mail."""
